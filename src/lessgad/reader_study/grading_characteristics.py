# SPDX-License-Identifier: Apache-2.0
"""Visual grading characteristics: how often one kind of image is graded better than another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.reader_study.patient_draws import Multiplicity


def vgc_area(
    first: Float[np.ndarray, " subjects"], second: Float[np.ndarray, " subjects"], multiplicity: Multiplicity
) -> Float[np.ndarray, "*draws"]:
    """Area under the visual grading characteristics curve of the second kind of image against the first.

        area = P(second better than first) + ½ P(the same)

    over all pairs of an image of the first kind and one of the second. It uses the order of the steps alone. The curve
    is the share of second images graded at least s over the share of first ones, for every step s.

    Args:
        first: Grade of each subject's first image, larger is better; NaN where there is none.
        second: Ratings of the second.
        multiplicity: How often each subject counts.

    Returns:
        0.5 if both are graded equally, 1 where every second image is better; NaN without grades.

    Source: Båth & Månsson, Br. J. Radiol. 2007.
    """
    grades = np.unique(np.concatenate([first, second]))
    grades = grades[~np.isnan(grades)]
    n_first, n_second = (multiplicity @ (of[:, None] == grades).astype(np.float64) for of in (first, second))
    worse = np.cumsum(n_first, axis=-1) - n_first / 2
    pairs = np.asarray(n_first.sum(axis=-1) * n_second.sum(axis=-1))
    return np.asarray((worse * n_second).sum(axis=-1) / np.where(pairs == 0, np.nan, pairs))
