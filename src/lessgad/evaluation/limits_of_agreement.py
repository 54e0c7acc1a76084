# SPDX-License-Identifier: Apache-2.0
"""Bland and Altman's limits of agreement where patients have several differences each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LIMITS = 1.96  # SDs on either side of the bias
LEVEL = 0.95

Interval = tuple[float, float]
_UNDEFINED: Interval = (math.nan, math.nan)


@dataclass(frozen=True)
class Agreement:
    """Scatter of the differences of single studies (or pairs of visits) around their mean.

    Attributes:
        n_patients: Patients with a difference.
        n_pairs: Differences.
        bias: Mean over patients of the mean of their differences.
        sd_between: SD between patients of their true means; NaN under two patients.
        sd_within: SD of the differences of one patient; NaN where no one has two.
        low: Lower 95 % limit of agreement; NaN under two patients.
        high: Upper one.
        low_interval: 95 % confidence interval of the lower limit.
        high_interval: Interval of the upper limit.
    """

    n_patients: int
    n_pairs: int
    bias: float
    sd_between: float
    sd_within: float
    low: float
    high: float
    low_interval: Interval
    high_interval: Interval


def agreement(differences: Sequence[float], patients: Sequence[str]) -> Agreement:
    """Compute bias and limits of agreement; missing differences are left out.

        limits = bias ± 1.96 σ,   σ² = S² + (1 − 1/m) W

    S² is the variance of the patients' means, W the mean variance within a patient, m the harmonic mean of the numbers
    of differences per patient. Bias and limits have one center, the mean of the patients' means; σ is the SD of one
    difference of a further patient. With one difference each, σ is their SD.

    Args:
        differences: One per study or pair of visits, such as segmented − drawn.
        patients: Patient of each study.

    Returns:
        Bias and limits, with their intervals.

    Sources: Bland and Altman, J. Biopharm. Stat. 2007 (several differences per patient); Zou, Stat. Methods Med. Res.
    2013 (intervals of the limits).
    """
    of_patient: dict[str, list[float]] = {}
    for patient, difference in zip(patients, differences, strict=True):
        if math.isfinite(difference):
            of_patient.setdefault(patient, []).append(difference)
    groups = [np.array(values) for values in of_patient.values()]
    n, n_pairs = len(groups), sum(map(len, groups))
    means = np.array([values.mean() for values in groups])
    bias = float(means.mean()) if n else math.nan
    n_within = n_pairs - n
    within = sum(float(((values - values.mean()) ** 2).sum()) for values in groups) / n_within if n_within else 0.0
    sd_within = math.sqrt(within) if n_within else math.nan
    if n < 2:
        return Agreement(n, n_pairs, bias, math.nan, sd_within, *_UNDEFINED, _UNDEFINED, _UNDEFINED)
    of_means, inverse = float(means.var(ddof=1)), float(np.mean([1 / len(values) for values in groups]))
    extra = (1 - inverse) * within
    sd = math.sqrt(of_means + extra)
    shorter, longer = _sd_interval(of_means, n - 1, extra, n_within)
    from scipy.stats import norm

    of_bias = float(norm.ppf((1 + LEVEL) / 2)) ** 2 * of_means / n
    near = math.sqrt(of_bias + (LIMITS * (sd - shorter)) ** 2)
    far = math.sqrt(of_bias + (LIMITS * (longer - sd)) ** 2)
    low, high = bias - LIMITS * sd, bias + LIMITS * sd
    return Agreement(
        n_patients=n,
        n_pairs=n_pairs,
        bias=bias,
        sd_between=math.sqrt(max(of_means - inverse * within, 0.0)),
        sd_within=sd_within,
        low=low,
        high=high,
        low_interval=(low - far, low + near),
        high_interval=(high - near, high + far),
    )


def _sd_interval(of_means: float, n_between: int, extra: float, n_within: int) -> Interval:
    """Interval of σ from those of its two variances (variance estimates recovery)."""
    from scipy.stats import chi2

    tail = (1 - LEVEL) / 2
    variance = of_means + extra
    down, up = 0.0, 0.0
    for part, n in ((of_means, n_between), (extra, n_within)):
        if n > 0:
            down += (part * (1 - n / chi2.ppf(1 - tail, n))) ** 2
            up += (part * (n / chi2.ppf(tail, n) - 1)) ** 2
    return math.sqrt(max(variance - math.sqrt(down), 0.0)), math.sqrt(variance + math.sqrt(up))
