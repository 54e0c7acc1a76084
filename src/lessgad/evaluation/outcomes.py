# SPDX-License-Identifier: Apache-2.0
"""Measured values of each study at each dose, and their comparison with the repeat scan of the study."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from lessgad.errors import InputError
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.endpoint_metrics import Metric
from lessgad.evaluation.results.table import EXCHANGED, REPEAT

Study = tuple[str, str]  # patient, session
Values = dict[float, dict[Study, float]]  # of one endpoint, by dose
STANDARD = 1.0


@dataclass(frozen=True)
class Outcome:
    """One value of one study at one dose.

    Attributes:
        patient: BIDS label.
        session: BIDS label; empty where the cohort has none.
        dose: Fraction of the standard dose.
        method: Method that made the image.
        metric: Metric that was measured.
        area: Area that was measured; empty for metrics that have no areas.
        value: May be NaN or infinite.
    """

    patient: str
    session: str
    dose: float
    method: str
    metric: Metric
    area: str
    value: float


def endpoint_values(
    outcomes: Iterable[Outcome], endpoint: Endpoint, method: str, doses: Iterable[float], patients: set[str]
) -> Values:
    """Gather the values of an endpoint by dose; dose 1 holds the positive control.

    For an endpoint with an absolute margin, the positive control is the repeat scan. For an endpoint relative to the
    repeat scan, it is the same comparison with the two scans exchanged: they differ by chance alone, and either of them
    could be called the repeat.

    Args:
        outcomes: Measured outcomes; those that the other arguments do not name are ignored.
        endpoint: The endpoint whose values are gathered.
        method: Method whose images are evaluated.
        doses: Evaluated doses, including 0.
        patients: Patients of the test subset.

    Returns:
        Value of each study at each dose.

    Raises:
        InputError: A value comes twice.
    """
    found: dict[tuple[str, float], dict[Study, float]] = {(method, dose): {} for dose in doses}
    found |= {(REPEAT, STANDARD): {}, (EXCHANGED, STANDARD): {}}
    for outcome in outcomes:
        if (outcome.metric, outcome.area) != (endpoint.metric, endpoint.area) or outcome.patient not in patients:
            continue
        place = found.get((outcome.method, outcome.dose))
        if place is None:
            continue
        study = (outcome.patient, outcome.session)
        if study in place:
            key = (*study, outcome.dose, outcome.metric, outcome.area)
            raise InputError(f"The results hold two values for {key}", remedy="Run the evaluation again")
        place[study] = outcome.value
    repeat, exchanged = found[REPEAT, STANDARD], found[EXCHANGED, STANDARD]
    values = {dose: found[method, dose] for dose in doses}
    if endpoint.relative_to is None:
        return {**values, STANDARD: exchanged if endpoint.is_relative else repeat}
    control = exchanged if endpoint.kind.comparison == "ratio" else compared(exchanged, repeat, endpoint)
    return {**{dose: compared(at_dose, repeat, endpoint) for dose, at_dose in values.items()}, STANDARD: control}


def measured_at(endpoint: Endpoint, values: Values, dose: float) -> float:
    """Give the dose whose values stand for a dose: its own, or those of the next lower dose that was read.

    Readers read few doses. More contrast is taken to be no worse for them, so what holds at a lower dose is taken to
    hold at a higher one.

    Args:
        endpoint: The endpoint.
        values: Its values, by dose.
        dose: A tested dose, 0–1.

    Returns:
        The dose itself, unless readers measure the endpoint and read a lower dose instead.
    """
    if not endpoint.kind.read or values[dose]:
        return dose
    return max((other for other, found in values.items() if 0 < other < dose and found), default=dose)


def compared(values: dict[Study, float], repeat: dict[Study, float], endpoint: Endpoint) -> dict[Study, float]:
    """Compare values with those of the repeat.

    Args:
        values: Value of each study.
        repeat: Value of the repeat scan of each study.
        endpoint: The endpoint.

    Returns:
        The difference of each study; NaN without a repeat.
    """
    return {study: _comparison(value, repeat.get(study, math.nan), endpoint) for study, value in values.items()}


def _comparison(value: float, repeat: float, endpoint: Endpoint) -> float:
    if endpoint.kind.comparison == "ratio":
        return value / repeat if repeat > 0 else math.nan
    if math.isinf(value) and math.isinf(repeat):
        return 0.0 if value == repeat else value
    return value - repeat
