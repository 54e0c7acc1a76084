# SPDX-License-Identifier: Apache-2.0
"""How one endpoint stands at one dose: how many patients keep its margin, and how many must."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.outcomes import Study
from lessgad.evaluation.share_of_patients import least_patients, patients_needed, share_bound


@dataclass(frozen=True)
class EndpointAtDose:
    """Result of an endpoint at a dose.

    Attributes:
        endpoint: Endpoint with its margin.
        dose: Fraction of the standard dose; 0 is the negative control, 1 the positive one (the repeat).
        n_patients: Patients with a value.
        n_studies: Studies with a value.
        n_missing: Studies without one that have one at another dose.
        median: Median over patients of the mean over their studies; NaN without any.
        n_kept: Patients whose mean keeps the margin.
        n_needed: How many of them must, to show that more than the endpoint's share of all patients do; None where
            there are too few patients to show it with any values.
        bound: Lower bound of the share of patients that keep it; None with too few patients or missing values.
        passed: Whether enough patients keep it, and no study misses a value.
        read_at: The lower dose that the values are of, if readers did not read this one; None otherwise.
    """

    endpoint: Endpoint
    dose: float
    n_patients: int
    n_studies: int
    n_missing: int
    median: float
    n_kept: int
    n_needed: int | None
    bound: float | None
    passed: bool
    read_at: float | None = None

    @property
    def share_kept(self) -> float:
        """Share of these patients that keep the margin; NaN without any."""
        return self.n_kept / self.n_patients if self.n_patients else math.nan

    @property
    def looks_kept(self) -> bool:
        """Whether the share in these patients is large enough: then more patients might show what these do not."""
        return self.share_kept > self.endpoint.share


def endpoint_at_dose(
    endpoint: Endpoint, dose: float, at_dose: Mapping[Study, float], evaluable: set[Study], settings: AnswerSettings
) -> EndpointAtDose:
    """Count the patients who keep a margin at a dose.

    Args:
        endpoint: The endpoint.
        dose: Fraction of the standard dose.
        at_dose: Value of each study; NaN where it is undefined.
        evaluable: Studies that have a value at some dose; the others are left out at all doses.
        settings: Level and least number of patients.

    Returns:
        The counts, and the test of the share.
    """
    defined = [study for study in sorted(evaluable) if not math.isnan(at_dose.get(study, math.nan))]
    by_patient: dict[str, list[float]] = {}
    for study in defined:
        by_patient.setdefault(study[0], []).append(at_dose[study])
    means = [_mean(values) for values in by_patient.values()]
    n, n_missing = len(means), len(evaluable) - len(defined)
    n_kept = sum(endpoint.kept_by(mean) for mean in means)
    needed = patients_needed(n, endpoint.share, settings.level) if n >= settings.min_patients else None
    with np.errstate(invalid="ignore"):  # between −∞ and ∞ there is no median
        median = float(np.median(means)) if means else math.nan
    known = needed is not None and n_missing == 0
    return EndpointAtDose(
        endpoint=endpoint,
        dose=dose,
        n_patients=n,
        n_studies=len(defined),
        n_missing=n_missing,
        median=median,
        n_kept=n_kept,
        n_needed=needed,
        bound=share_bound(n_kept, n, settings.level) if known else None,
        passed=known and needed is not None and n_kept >= needed,
    )


def fewest_patients(endpoint: Endpoint, settings: AnswerSettings) -> int:
    """Find how many patients an endpoint needs before it can be met at all.

    Args:
        endpoint: The endpoint.
        settings: Settings of the answer.

    Returns:
        The number of patients.
    """
    return max(settings.min_patients, least_patients(endpoint.share, settings.level))


def _mean(values: list[float]) -> float:
    """Mean over the studies of a patient; infinities of both signs are undefined."""
    return math.nan if {math.inf, -math.inf} <= set(values) else float(np.mean(values))
