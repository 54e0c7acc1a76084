# SPDX-License-Identifier: Apache-2.0
"""What a method gains, with the patient as the unit: studies of one patient are not independent.

Each patient counts once, by the mean of the gains of their studies. Values that are infinite are
counted, never averaged; so are undefined ones (NaN).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

MIN_PATIENTS_FOR_INTERVAL = 10
MAX_EXACT_PATIENTS = 15  # 2¹⁵ sign patterns are enumerated; beyond, they are drawn
N_RESAMPLES = 10_000
LEVEL = 0.95
_SAME = 1e-12  # relative; sums of the same terms in another order are ties

Gains = Float[np.ndarray, " patients"]


@dataclass(frozen=True)
class PatientLevelGain:
    """A mean gain over patients and how sure it is.

    Attributes:
        n_patients: Patients with at least one finite gain.
        n_studies: Studies with a finite gain.
        n_infinite: Studies whose gain is infinite, left out.
        n_undefined: Studies whose gain is NaN, left out.
        mean: Mean over patients of the mean over their studies; NaN without any.
        interval: 95 % confidence interval of `mean`; None under 10 patients.
        p: Sign-flip p of `mean` = 0, two-sided, uncorrected; NaN without patients.
    """

    n_patients: int
    n_studies: int
    n_infinite: int
    n_undefined: int
    mean: float
    interval: tuple[float, float] | None
    p: float


def patient_level_gain(
    gains: Float[np.ndarray, " studies"], patients: Sequence[str], seed: int, n_resamples: int = N_RESAMPLES
) -> PatientLevelGain:
    """Summarize per-study gains patient by patient.

    Args:
        gains: One difference (method − unrestored) per study, in any unit.
        patients: Patient of each study.
        seed: Seed of the bootstrap and, beyond 15 patients, of the sign flips.
        n_resamples: Draws of each.

    Returns:
        Mean gain with its interval, and the p-value.
    """
    by_patient = patient_means(gains, patients)
    means = np.array(list(by_patient.values()), dtype=np.float64)
    return PatientLevelGain(
        n_patients=len(means),
        n_studies=int(np.isfinite(gains).sum()),
        n_infinite=int(np.isinf(gains).sum()),
        n_undefined=int(np.isnan(gains).sum()),
        mean=float(means.mean()) if len(means) else float("nan"),
        interval=cluster_bootstrap_interval(means, seed, n_resamples),
        p=sign_flip_p(means, seed, n_resamples),
    )


def patient_means(gains: Float[np.ndarray, " studies"], patients: Sequence[str]) -> dict[str, float]:
    """Average the finite gains of each patient; patients without one are left out.

    Args:
        gains: Gain of each study.
        patients: Patient of each study.

    Returns:
        Mean gain by patient, sorted by patient.
    """
    finite: dict[str, list[float]] = {}
    for patient, gain in zip(patients, gains.tolist(), strict=True):
        if np.isfinite(gain):
            finite.setdefault(patient, []).append(gain)
    return {patient: float(np.mean(finite[patient])) for patient in sorted(finite)}


def sign_flip_p(patient_gains: Gains, seed: int, n_resamples: int = N_RESAMPLES) -> float:
    """Two-sided p of the hypothesis that gains are symmetric about zero, by flipping their signs.

        p = share of sign patterns s with |mean(s · gain)| ≥ |mean(gain)|

    All 2ⁿ patterns up to 15 patients (so p ≥ 2/2ⁿ), else drawn ones, p = (hits + 1)/(draws + 1).

    Args:
        patient_gains: One finite value per patient.
        seed: Seed of the draws.
        n_resamples: Number of draws.

    Returns:
        p, or NaN without patients.

    Source: Fisher 1935; Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 2010 (the +1).
    """
    n = len(patient_gains)
    if n == 0:
        return float("nan")
    exact = n <= MAX_EXACT_PATIENTS
    flipped = _all_patterns(n) if exact else np.random.default_rng(seed).random((n_resamples, n)) < 0.5
    sums = np.abs(np.where(flipped, -1.0, 1.0) @ patient_gains)
    as_large = sums >= abs(patient_gains.sum()) - _SAME * np.abs(patient_gains).sum()
    return float(as_large.mean()) if exact else float((as_large.sum() + 1) / (len(as_large) + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for the number of tests (here: doses), controlling the family-wise error.

        p̃_(i) = max over j ≤ i of min(1, (m − j + 1) · p_(j))

    NaN is no test: it stays NaN and does not count in m.

    Source: Holm, Scand. J. Statist. 1979.

    Args:
        p_values: p-value of each test.

    Returns:
        Corrected p-values, in the order given.
    """
    corrected = [float("nan")] * len(p_values)
    tests = sorted((p, index) for index, p in enumerate(p_values) if not np.isnan(p))
    largest = 0.0
    for place, (p, index) in enumerate(tests):
        largest = max(largest, min(1.0, (len(tests) - place) * p))
        corrected[index] = largest
    return corrected


def cluster_bootstrap_interval(
    patient_gains: Gains, seed: int, n_resamples: int = N_RESAMPLES
) -> tuple[float, float] | None:
    """95 % confidence interval of the mean over patients, by drawing patients with all their studies.

    The statistic is the mean of patient means, so drawing a patient with all their studies is drawing
    that patient's mean. Percentile interval, widened for few patients (`expanded_tail`).

    Args:
        patient_gains: One finite value per patient.
        seed: Seed of the draws.
        n_resamples: Number of draws.

    Returns:
        Lower and upper bound, or None under 10 patients.
    """
    n = len(patient_gains)
    if n < MIN_PATIENTS_FOR_INTERVAL:
        return None
    drawn = np.random.default_rng(seed).integers(0, n, size=(n_resamples, n))
    tail = expanded_tail(n)
    low, high = np.quantile(patient_gains[drawn].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(n_patients: int) -> float:
    """Find the share of bootstrap draws to leave out at each end of a 95 % percentile interval.

        α' = Φ(−√(n/(n − 1)) · t(0.975, n − 1))

    Wider for few patients, as t is against the normal: plain percentiles cover only 90 % at n = 10.

    Source: Hesterberg, The American Statistician 2015 (expanded percentile interval).

    Args:
        n_patients: Number of patients.

    Returns:
        The share, at most 0.025.
    """
    from scipy.stats import norm, t

    n = n_patients
    return float(norm.cdf(-np.sqrt(n / (n - 1)) * t.ppf((1 + LEVEL) / 2, n - 1)))


def _all_patterns(n: int) -> Bool[np.ndarray, "patterns n"]:
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
