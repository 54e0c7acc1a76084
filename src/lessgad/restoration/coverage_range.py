# SPDX-License-Identifier: Apache-2.0
"""Range of the coverage of intervals that were calibrated on a few patients."""

from __future__ import annotations

#: SD over patients of the share of voxels that intervals cover, with which the formula gives the ranges that were
#: measured over cohorts of 12 phantom patients: 0.74–1.00, 0.79–0.99 and 0.80–0.96 with 3, 4 and 10 to calibrate on.
SD_OF_A_PATIENT = 0.1


def coverage_range(level: float, n_calibration: int, n_judged: int, share: float = 0.95) -> tuple[float, float]:
    """Give the range of the mean coverage over the patients of a cohort, for intervals calibrated on other patients.

    Voxels of a patient are not independent, so patients are the units. With σ the SD of a patient's coverage the mean
    over m patients, calibrated on n, has the variance σ² (1/n + 1/m). The range is that of the beta distribution with
    this variance and the level as its mean:

        a + b = level (1 − level) / (σ² (1/n + 1/m)) − 1,   a = level (a + b)

    Args:
        level: Nominal coverage, 0–1.
        n_calibration: n, 1 or more.
        n_judged: m, 1 or more.
        share: Share of cohorts that lie within the range.

    Returns:
        Lower and upper end, 0–1.
    """
    from scipy.stats import beta

    variance = SD_OF_A_PATIENT**2 * (1 / n_calibration + 1 / n_judged)
    both = max(level * (1 - level) / variance - 1, 1e-3)
    low, high = beta.ppf([(1 - share) / 2, (1 + share) / 2], level * both, (1 - level) * both)
    return float(low), float(high)
