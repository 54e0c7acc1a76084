# SPDX-License-Identifier: Apache-2.0
"""One-sided confidence bounds of a mean over patients, skewed to the bad side: for training, not for the answer.

The answer does not use them: no bound of a mean holds its level for every distribution (`share_of_patients`).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float

MIN_FOR_BOUND = 3  # patients; skewness needs three
_N_SAMPLES = 10_000
_SEED = 1
_LARGEST_RATIO = 1e3
_SAME = 1e-12  # relative; values that differ by less are the same


def bound_of_mean(
    values: Float[np.ndarray, "*tables patients"], level: float, *, lower: bool = True
) -> Float[np.ndarray, "*tables"]:
    """Compute a one-sided confidence bound of the mean over patients.

        bound = x̄ − max(c_n, h(γ)) · s/√n          (lower; the upper one is that of −x, its sign turned)

    c_n is the quantile of Student's ratio for n values with an exponential tail (skewness 2) on the bad side; h is
    Hall's, for the skewness γ that the values show, with t Student's quantile of n − 1 degrees:

        h(γ) = √n · (3/γ) · ((1 + γ·(t/√n − γ/(6n)))^⅓ − 1)

    c_n holds for every distribution that is at most as skewed as an exponential, whether or not the sample shows the
    skewness; h is used if the sample shows more. Plain t accepts the important case too often: most patients do well,
    few do badly, and a sample without those few shows too little spread. The table gives how often a mean *at* the
    margin was taken for better, in percent, at a level of 2.5 %, the worst over 8 to 60 patients:

    | patients' means, long tail on the bad side | t | Johnson | BCa | sign flips | bootstrap-t | this |
    |---|---|---|---|---|---|---|
    | normal, Laplace, t(3) | 2.7 | 6.6 | 7.8 | 4.0 | 4.2 | 0.8 |
    | skewness to 1: gamma, beta, failures of 3 to 5 SD | 6.2 | 5.9 | 8.8 | 6.2 | 5.5 | 1.6 |
    | skewness to 2: beta, exponential, log-normal σ ½, failures of 5 SD | 10.6 | 11.1 | 15.7 | 11.4 | 10.0 | 2.7 |
    | log-normal σ 1, skewness 6.2 | 17.1 | 12.5 | 17.3 | 16.2 | 9.4 | 4.8 |

    The bound does not hold in three cases (in brackets the same percentage as in the table):

    - the distribution of the last row;
    - one patient in twenty is worse by 8 SD (6 at 30 patients, where half of the samples contain one such patient or
      none);
    - most patients have the same value (four in five at zero: 24 at 8 patients, 18 at 10, 6 at 20, under 3 from 30;
      half at zero: 4.5 at 8, under 3 from 12).

    No bound of a mean holds for every distribution (Bahadur & Savage 1956).

    The price is power: a dose that equals the standard dose passes in 80 % of studies if the SD of patients is at most
    1.75 margins (normal; with t 2.2) or 1.4 (skewness 2) at 40 patients, 1.1 or 0.7 at 20, 0.45 or 0.3 at 8.

    Args:
        values: One finite value per patient; leading axes are tables of their own.
        level: One-sided: 0.025 for 97.5 %.
        lower: A lower bound, else an upper one.

    Returns:
        The bound of each table; the common value if all values are equal.

    Raises:
        ValueError: Under three patients.

    Source: Hall, J. R. Statist. Soc. B 1992, for h.
    """
    if not lower:
        return np.asarray(-bound_of_mean(-values, level))
    n = values.shape[-1]
    if n < MIN_FOR_BOUND:
        raise ValueError(f"a bound needs at least {MIN_FOR_BOUND} patients")
    mean, span = values.mean(axis=-1), np.ptp(values, axis=-1)
    constant = span <= _SAME * np.abs(mean)
    units = (values - mean[..., None]) / np.where(constant, 1.0, span)[..., None]
    quantile = np.maximum(exponential_quantile(n, level), _hall_quantile(units, level))
    reach = quantile * units.std(axis=-1, ddof=1) * span / np.sqrt(n)
    return np.asarray(np.where(constant, values[..., 0], mean - reach))


@lru_cache(maxsize=1024)
def exponential_quantile(n_patients: int, level: float) -> float:
    """Compute the quantile 1 − level of Student's ratio √n·(x̄ − μ)/s for negative exponential values.

    For example 4.6 at n = 8 and 2.7 at n = 40, at the 97.5 % level.

    Args:
        n_patients: Number of patients.
        level: One-sided significance level.

    Returns:
        The quantile.
    """
    from scipy.optimize import brentq
    from scipy.special import gammainc

    n_samples = min(_N_SAMPLES, 2_000_000 // n_patients + 1)
    values = -np.log1p(-np.random.default_rng(_SEED).random((n_samples, n_patients)))
    variation = values.std(axis=1, ddof=1) / values.mean(axis=1) / np.sqrt(n_patients)

    def excess(ratio: float) -> float:
        return float(gammainc(n_patients, n_patients / (1 + ratio * variation)).mean()) - level

    return float(brentq(excess, 0.0, _LARGEST_RATIO, xtol=1e-4))


def _hall_quantile(units: Float[np.ndarray, "*tables patients"], level: float) -> Float[np.ndarray, "*tables"]:
    """h(γ) of deviations from the mean, with the γ that SciPy's skew(bias=False) gives; without spread γ is 0."""
    from scipy.special import stdtrit

    n = units.shape[-1]
    variance = np.maximum((units**2).mean(axis=-1), 1e-30)
    skewness = (units**3).mean(axis=-1) / variance**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
    skewness = np.where(np.abs(skewness) < 1e-6, 1e-6, skewness)  # h is smooth at 0 and Student's there
    student = stdtrit(n - 1, 1 - level) / np.sqrt(n)
    return np.asarray(np.sqrt(n) * 3 / skewness * (np.cbrt(1 + skewness * (student - skewness / (6 * n))) - 1))
