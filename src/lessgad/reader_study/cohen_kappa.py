# SPDX-License-Identifier: Apache-2.0
"""Cohen's kappa of two raters, weighted or not; of more, the mean over pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from lessgad.reader_study.agreement import Coefficient, Ratings, Weighting, agreement_weights
from lessgad.reader_study.patient_draws import Multiplicity

_NO_ROOM = 1e-12


def cohen_kappa(ratings: Ratings, n_categories: int, weighting: Weighting, multiplicity: Multiplicity) -> Coefficient:
    """κ = 1 − Σ v_kl p_kl / Σ v_kl p_k· p_·l with v = 1 − w; mean over pairs of raters (Light's kappa).

    A pair is evaluated on the subjects that both rated.

    Args:
        ratings: Categories 0 … q − 1; NaN is no rating.
        n_categories: q.
        weighting: nominal, or quadratic: disagreement grows with the square of the steps.
        multiplicity: How often each subject counts.

    Returns:
        At most 1; NaN under two raters, or where for any pair chance alone would agree always: both used one category
        only, or share no subject.

    Source: Cohen, Psychol. Bull. 1968; Light, Psychol. Bull. 1971.
    """
    pairs = list(combinations(range(ratings.shape[1]), 2))
    if not pairs:
        return np.full(multiplicity.shape[:-1], np.nan)
    blame = 1 - agreement_weights(weighting, n_categories)
    return np.asarray(np.mean([_of_pair(ratings[:, pair], blame, multiplicity) for pair in pairs], axis=0))


def _of_pair(ratings: Ratings, blame: np.ndarray, multiplicity: Multiplicity) -> Coefficient:
    q = len(blame)
    first, second = (ratings[:, rater, None] == np.arange(q) for rater in (0, 1))
    together = (first[:, :, None] & second[:, None, :]).astype(np.float64)
    table = (multiplicity @ together.reshape(len(ratings), q * q)).reshape(*multiplicity.shape[:-1], q, q)
    n = table.sum(axis=(-2, -1))
    seen = (table * blame).sum(axis=(-2, -1)) * n
    by_chance = np.einsum("...k,kl,...l->...", table.sum(axis=-1), blame, table.sum(axis=-2))
    undefined = by_chance < _NO_ROOM
    return np.where(undefined, np.nan, 1 - seen / np.where(undefined, 1, by_chance))
