# SPDX-License-Identifier: Apache-2.0
"""Krippendorff's alpha: agreement seen against that of ratings dealt at random, for any number of raters."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.reader_study.agreement import Coefficient, Counts
from lessgad.reader_study.patient_draws import Multiplicity

Metric = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(counts: Counts, metric: Metric, multiplicity: Multiplicity) -> Coefficient:
    """α = 1 − D_o/D_e, with missing ratings; subjects with fewer than two are left out.

        o_kl = Σ_i r_ik (r_il − [k = l]) / (r_i − 1)      coincidences of categories within subjects
        n_k = Σ_l o_kl,  n = Σ_k n_k
        D_o = Σ_kl o_kl δ²_kl / n,   D_e = Σ_kl n_k n_l δ²_kl − Σ_k n_k δ²_kk over n (n − 1)

    δ² is 1 where k ≠ l (nominal), (k − l)² (interval), or the number of ratings between two categories, squared, the
    ends counted half (ordinal).

    Args:
        counts: Result of `agreement.rating_counts`.
        metric: How far apart two categories are.
        multiplicity: How often each subject counts.

    Returns:
        At most 1; 0 for ratings dealt at random; NaN where all are one category, or no subject has two.

    Source: Krippendorff, Content Analysis, 2nd ed. 2004, chapter 11; Computing Krippendorff's alpha-reliability, 2011.
    """
    q = counts.shape[1]
    n_ratings = counts.sum(axis=1)
    usable = n_ratings >= 2
    pairs = counts[:, :, None] * counts[:, None, :] - np.eye(q) * counts[:, :, None]
    per_subject = np.where(usable[:, None, None], pairs / np.where(usable, n_ratings - 1, 1)[:, None, None], 0.0)
    seen = (multiplicity @ per_subject.reshape(len(counts), q * q)).reshape(*multiplicity.shape[:-1], q, q)
    of_category = seen.sum(axis=-1)
    n = of_category.sum(axis=-1)
    distance = _squared_distance(metric, of_category)
    observed = (seen * distance).sum(axis=(-2, -1))
    dealt = np.einsum("...k,...kl,...l->...", of_category, distance, of_category)
    undefined = (dealt <= 0) | (n <= 1)
    return np.asarray(np.where(undefined, np.nan, 1 - (n - 1) * observed / np.where(undefined, 1, dealt)))


def _squared_distance(
    metric: Metric, of_category: Float[np.ndarray, "*draws categories"]
) -> Float[np.ndarray, "*draws categories categories"]:
    """δ² between any two categories; ordinal ones depend on how often each was used."""
    if metric == "ordinal":
        middle = np.cumsum(of_category, axis=-1) - of_category / 2
    else:
        middle = np.broadcast_to(np.arange(of_category.shape[-1], dtype=np.float64), of_category.shape)
    apart = middle[..., :, None] - middle[..., None, :]
    return (apart != 0).astype(np.float64) if metric == "nominal" else apart**2
