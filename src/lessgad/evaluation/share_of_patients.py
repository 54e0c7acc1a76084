# SPDX-License-Identifier: Apache-2.0
"""Whether more than a share of patients is shown to keep a margin: exact binomial tests.

Each patient keeps the margin or does not, for any distribution of the values. So the level holds for normal,
skewed, log-normal and zero-inflated values, which no bound of a mean can promise (Bahadur & Savage, Ann. Math.
Statist. 1956). With share 1/2 and a one-sided margin this is the sign test of the median.
"""

from __future__ import annotations

import math
from functools import lru_cache

MOST_PATIENTS = 2_000
USUAL_POWER = 0.8


def share_bound(n_kept: int, n_patients: int, level: float) -> float:
    """Compute the lower confidence bound of the share of patients that keep a margin.

        bound = the p at which P(Bin(n, p) ≥ k) = level

    Args:
        n_kept: k, patients that keep it.
        n_patients: n.
        level: One-sided: 0.025 for 97.5 %.

    Returns:
        A share from 0 to 1.

    Source: Clopper and Pearson, Biometrika 1934.
    """
    from scipy.special import betaincinv

    return float(betaincinv(n_kept, n_patients - n_kept + 1, level)) if n_kept > 0 else 0.0


@lru_cache(maxsize=4096)
def patients_needed(n_patients: int, share: float, level: float) -> int | None:
    """Find how many of `n_patients` must keep a margin to show that more than a share of all patients do.

    Args:
        n_patients: Patients with a value.
        share: Share of all patients, from 0 to 1.
        level: Probability of a false conclusion where exactly that share keeps it.

    Returns:
        The smallest k with P(Bin(n, share) ≥ k) ≤ level; None where even all of them would not show it.
    """
    if share**n_patients > level:
        return None
    low, high = 0, n_patients  # high is always enough, low never
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _at_least(middle, n_patients, share) <= level else (middle, high)
    return high


def least_patients(share: float, level: float) -> int:
    """Find the smallest number of patients with which a share can be shown at all: share**n ≤ level.

    Args:
        share: Share of patients.
        level: One-sided significance level.

    Returns:
        The number of patients.
    """
    n = max(1, math.ceil(math.log(level) / math.log(share) - 1e-9))
    return n if share**n <= level else n + 1


def power(n_patients: int, true_share: float, share: float, level: float) -> float:
    """Compute the probability of showing more than `share` if `true_share` of all patients keep the margin.

    Args:
        n_patients: Number of patients.
        true_share: True share of patients who keep the margin.
        share: Share of patients.
        level: One-sided significance level.

    Returns:
        The power, 0–1.
    """
    needed = patients_needed(n_patients, share, level)
    return 0.0 if needed is None else _at_least(needed, n_patients, true_share)


def patients_for(true_share: float, share: float, level: float, wanted: float = USUAL_POWER) -> int | None:
    """Find from how many patients on the power stays at least as wanted.

    Args:
        true_share: Share of all patients that keep the margin.
        share: Share of patients to show.
        level: Level of the test.
        wanted: Power.

    Returns:
        The number of patients; None where more than 2,000 would be needed, or `true_share` is not above `share`.
    """
    if true_share <= share:
        return None
    high = least_patients(share, level)
    while power(high, true_share, share, level) < wanted:
        high *= 2
        if high > MOST_PATIENTS:
            return None
    low = max(least_patients(share, level), high // 2)
    # The power of an exact test rises in steps and falls between them, so the last failure is looked for from above.
    last_failure = next(
        (n for n in range(2 * high, low - 1, -1) if power(n, true_share, share, level) < wanted), low - 1
    )
    return last_failure + 1


def _at_least(k: int, n: int, share: float) -> float:
    """P(Bin(n, share) ≥ k)."""
    from scipy.special import bdtrc

    return float(bdtrc(k - 1, n, share)) if k > 0 else 1.0
