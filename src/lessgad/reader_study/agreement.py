# SPDX-License-Identifier: Apache-2.0
"""Agreement between any number of raters, with missing ratings, corrected for chance in three ways.

All are (p_a − p_e)/(1 − p_e) with the same agreement seen, p_a, and another one by chance, p_e:

    p_a = mean over subjects with ≥ 2 ratings of Σ_k r_ik (r*_ik − 1) / (r_i (r_i − 1)),   r*_ik = Σ_l w_kl r_il
    π_k = mean over subjects with ≥ 1 rating of r_ik / r_i

r_ik ratings put subject i into category k of q, r_i in all; w_kl is 1 on the diagonal and the credit for a near miss
elsewhere.

Source: Gwet, Handbook of Inter-Rater Reliability, 4th ed. 2014, chapters 2–5.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from lessgad.reader_study.patient_draws import Multiplicity

Weighting = Literal["nominal", "quadratic"]
Ratings = Float[np.ndarray, "subjects raters"]
Counts = Float[np.ndarray, "subjects categories"]
Weights = Float[np.ndarray, "categories categories"]
Coefficient = Float[np.ndarray, "*draws"]
_NO_ROOM = 1e-12


def rating_counts(ratings: Ratings, n_categories: int) -> Counts:
    """Count how many raters put each subject into each category.

    Args:
        ratings: Categories 0 … q − 1; NaN is no rating.
        n_categories: q; categories that nobody used count too.

    Returns:
        Number of raters, (subjects, categories).
    """
    return np.asarray((ratings[:, :, None] == np.arange(n_categories)).sum(axis=1), dtype=np.float64)


def agreement_weights(weighting: Weighting, n_categories: int) -> Weights:
    """Compute the credit for answering l where another rater answered k.

    nominal: 1 where k = l, else 0. quadratic: 1 − (k − l)²/(q − 1)².

    Args:
        weighting: How near misses are credited.
        n_categories: Number of categories.

    Returns:
        Weights, (categories, categories), 0–1.
    """
    steps = np.subtract.outer(np.arange(n_categories), np.arange(n_categories)).astype(np.float64)
    return 1 - (steps / (n_categories - 1)) ** 2 if weighting == "quadratic" else (steps == 0).astype(np.float64)


def raw_agreement(counts: Counts, weights: Weights, multiplicity: Multiplicity) -> Coefficient:
    """Compute the raw agreement p_a: the share of agreeing pairs of ratings of a subject, averaged over subjects.

    Args:
        counts: Result of `rating_counts`.
        weights: Result of `agreement_weights`.
        multiplicity: How often each subject counts.

    Returns:
        p_a; NaN without a pair.
    """
    n = counts.sum(axis=1)
    several = n >= 2
    agreeing = (counts * (counts @ weights - 1)).sum(axis=1)
    pairs = np.where(several, n * (n - 1), 1)
    return _ratio(multiplicity @ np.where(several, agreeing / pairs, 0.0), multiplicity @ several.astype(np.float64))


def fleiss_kappa(counts: Counts, weights: Weights, multiplicity: Multiplicity) -> Coefficient:
    """Compute Fleiss' kappa, with p_e = Σ_kl w_kl π_k π_l; for two raters it is Scott's π.

    Source: Fleiss, Psychol. Bull. 1971; with missing ratings and weights as in Gwet 2014.

    Args:
        counts: Number of raters for each subject and category.
        weights: Agreement weights of each pair of categories.
        multiplicity: How often each subject counts.

    Returns:
        Kappa; NaN if all ratings are in one category.
    """
    prevalence = _prevalence(counts, multiplicity)
    by_chance = np.einsum("...k,kl,...l->...", prevalence, weights, prevalence)
    return _beyond_chance(raw_agreement(counts, weights, multiplicity), by_chance)


def gwet_ac(counts: Counts, weights: Weights, multiplicity: Multiplicity) -> Coefficient:
    """Compute Gwet's AC1 (nominal weights) or AC2 (others), with p_e = Σ_kl w_kl / (q (q − 1)) · Σ_k π_k (1 − π_k).

    Only ratings that are in doubt can agree by chance: if all answers are equal, p_e is 0, not 1.

    Source: Gwet, Br. J. Math. Stat. Psychol. 2008.

    Args:
        counts: Number of raters for each subject and category.
        weights: Agreement weights of each pair of categories.
        multiplicity: How often each subject counts.

    Returns:
        The coefficient.
    """
    q = counts.shape[1]
    prevalence = _prevalence(counts, multiplicity)
    by_chance = weights.sum() / (q * (q - 1)) * (prevalence * (1 - prevalence)).sum(axis=-1)
    return _beyond_chance(raw_agreement(counts, weights, multiplicity), by_chance)


def brennan_prediger(counts: Counts, weights: Weights, multiplicity: Multiplicity) -> Coefficient:
    """Compute the Brennan–Prediger coefficient, p_e = Σ_kl w_kl / q²: chance is uniform over the categories.

    Source: Brennan & Prediger, Educ. Psychol. Meas. 1981.

    Args:
        counts: Number of raters for each subject and category.
        weights: Agreement weights of each pair of categories.
        multiplicity: How often each subject counts.

    Returns:
        The coefficient.
    """
    seen = raw_agreement(counts, weights, multiplicity)
    return _beyond_chance(seen, np.full_like(seen, weights.mean()))


def _prevalence(counts: Counts, multiplicity: Multiplicity) -> Float[np.ndarray, "*draws categories"]:
    n = counts.sum(axis=1)
    rated = n >= 1
    shares = np.where(rated[:, None], counts / np.where(rated, n, 1)[:, None], 0.0)
    return _ratio(multiplicity @ shares, (multiplicity @ rated.astype(np.float64))[..., None])


def _beyond_chance(seen: ArrayLike, by_chance: ArrayLike) -> Coefficient:
    room = 1 - np.asarray(by_chance)
    return _ratio(np.asarray(seen) - by_chance, np.where(room < _NO_ROOM, 0.0, room))


def _ratio(above: ArrayLike, below: ArrayLike) -> np.ndarray:
    """Divide; NaN where there is nothing to divide by."""
    below = np.asarray(below)
    return np.asarray(above / np.where(below == 0, np.nan, below), dtype=np.float64)
