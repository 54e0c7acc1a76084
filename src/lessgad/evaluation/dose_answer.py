# SPDX-License-Identifier: Apache-2.0
"""How little contrast is enough: the lowest dose that is non-inferior on every endpoint, or why none is given.

Values that do not exist never help a dose:

- *undefined at every dose*, 0 included (recovery of a tumor that does not enhance even at the standard dose; a study
  that could not be prepared): the study says nothing of that endpoint. It is left out at all doses alike, so that it
  cannot favor one; its patient is counted where no other study of theirs has a value, and told beside the answer.
- *missing or undefined at some doses only*: such a dose does not pass, and so ends the sequence.
- *infinite on the good side* (PSNR of an identical image): counts as the largest finite value of its dose; with none
  finite, as infinite. On the bad side: the dose does not pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lessgad.errors import InputError
from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint, Metric
from lessgad.evaluation.non_inferiority import bound_of_mean, keeps_margin, lowest_in_sequence
from lessgad.evaluation.patient_level import patient_means

Status = Literal["given", "no dose", "not measured", "too few", "no control", "insensitive"]
_Study = tuple[str, str]  # patient, session
_Values = dict[float, dict[_Study, float]]  # of one endpoint, by dose


@dataclass(frozen=True)
class Outcome:
    """One value of one study at one dose.

    Attributes:
        patient: BIDS label.
        session: BIDS label; empty where the cohort has none.
        dose: Fraction of the standard dose.
        method: Whose image.
        metric: What was measured.
        area: Where; empty for metrics that have no areas.
        value: May be NaN or infinite.
    """

    patient: str
    session: str
    dose: float
    method: str
    metric: Metric
    area: str
    value: float


@dataclass(frozen=True)
class EndpointAtDose:
    """How an endpoint stands at a dose.

    Attributes:
        endpoint: With its margin.
        dose: Fraction of the standard dose; 0 is the control.
        n_patients: Patients with a value.
        n_studies: Studies with a value.
        n_missing: Studies without one that have one at another dose.
        mean: Mean over patients of the mean over their studies; NaN without any.
        bound: Its one-sided bound on the bad side; None with too few patients or missing values.
        passed: Whether the bound keeps the margin.
    """

    endpoint: Endpoint
    dose: float
    n_patients: int
    n_studies: int
    n_missing: int
    mean: float
    bound: float | None
    passed: bool

    @property
    def mean_keeps_margin(self) -> bool:
        """Whether the mean alone does: then more patients might show what the bound does not."""
        return keeps_margin(self.mean, self.endpoint.margin, larger_is_better=self.endpoint.kind.larger_is_better)


@dataclass(frozen=True)
class DoseAnswer:
    """The lowest dose that is enough, or why none is given.

    Attributes:
        status: "given"; "no dose": the highest one failed already; "not measured": an endpoint has no values; "too
            few" patients; "no control": dose 0 was not measured or not in every study, so that it is not known whether
            the endpoints can fail; "insensitive": an endpoint is met without contrast, so it proves nothing.
        settings: Endpoints, margins, method.
        doses: Above 0 and below 1, from high to low: the order of the test.
        cells: Every endpoint at every dose and at 0 where that was measured.
        lowest_dose: Where given.
        stopped_at: The first dose that failed.
        reasons: The endpoints that "not measured", "too few", "no control" or "insensitive" speak of.
        n_test_patients: In the test subset, measured or not.
        n_undefined: Patients without any value, of each endpoint in the order of the settings; left out of it.
    """

    status: Status
    settings: AnswerSettings
    doses: tuple[float, ...]
    cells: tuple[EndpointAtDose, ...]
    lowest_dose: float | None
    stopped_at: float | None
    reasons: tuple[Endpoint, ...]
    n_test_patients: int
    n_undefined: tuple[int, ...]

    def n_patients(self, endpoint: Endpoint) -> int:
        """Patients with a value of an endpoint at any dose."""
        return self.n_test_patients - self.n_undefined[self.settings.endpoints.index(endpoint)]

    def cell(self, dose: float, endpoint: Endpoint) -> EndpointAtDose | None:
        """How an endpoint stands at a dose."""
        return next((cell for cell in self.cells if (cell.dose, cell.endpoint) == (dose, endpoint)), None)


def find_dose_answer(
    outcomes: Iterable[Outcome], settings: AnswerSettings, *, doses: Iterable[float], patients: Iterable[str]
) -> DoseAnswer:
    """Test the doses from high to low.

    Dose 1 is what the others are held against and is not tested. Dose 0 is the control: an endpoint whose *mean* keeps
    the margin there cannot tell contrast from none, however wide its bound is, and the answer is withheld.

    Args:
        outcomes: What was measured; what the settings, `doses` and `patients` do not name is passed over.
        settings: What is enough.
        doses: That were to be tested, as they were frozen; one without values fails.
        patients: Of the test subset; those without values are counted as undefined.

    Raises:
        InputError: A value comes twice.
    """
    planned = {float(dose) for dose in doses if dose < 1}
    tested = tuple(sorted(planned - {0.0}, reverse=True))
    everyone = set(patients)
    values = _by_endpoint(outcomes, settings, planned | {0.0}, everyone)
    defined = [_defined_anywhere(of_endpoint) for of_endpoint in values]
    cells = tuple(
        _cell(endpoint, dose, of_endpoint[dose], evaluable, settings)
        for endpoint, of_endpoint, evaluable in zip(settings.endpoints, values, defined, strict=True)
        for dose in (*tested, *([0.0] if of_endpoint[0.0] else []))
    )
    passed = {dose: all(cell.passed for cell in cells if cell.dose == dose) for dose in tested}
    status, reasons = _obstacle(settings, tested, cells, defined)
    lowest = lowest_in_sequence(passed) if status is None else None
    return DoseAnswer(
        status=status or ("no dose" if lowest is None else "given"),
        settings=settings,
        doses=tested,
        cells=cells,
        lowest_dose=lowest,
        stopped_at=next((dose for dose in tested if not passed[dose]), None),
        reasons=reasons,
        n_test_patients=len(everyone),
        n_undefined=tuple(len(everyone - _patients(evaluable)) for evaluable in defined),
    )


def _by_endpoint(
    outcomes: Iterable[Outcome], settings: AnswerSettings, doses: set[float], patients: set[str]
) -> list[_Values]:
    place = {(endpoint.metric, endpoint.area): index for index, endpoint in enumerate(settings.endpoints)}
    values: list[_Values] = [{dose: {} for dose in doses} for _ in place]
    for outcome in outcomes:
        index = place.get((outcome.metric, outcome.area))
        named = outcome.method == settings.method and outcome.dose in doses and outcome.patient in patients
        if index is None or not named:
            continue
        study = (outcome.patient, outcome.session)
        if study in values[index][outcome.dose]:
            key = (*study, outcome.dose, outcome.metric, outcome.area)
            raise InputError("each value once", f"a second one for {key}", None, "Run the evaluation again")
        values[index][outcome.dose][study] = outcome.value
    return values


def _defined_anywhere(values: _Values) -> set[_Study]:
    return {study for at_dose in values.values() for study, value in at_dose.items() if not math.isnan(value)}


def _patients(studies: set[_Study]) -> set[str]:
    return {patient for patient, _ in studies}


def _cell(
    endpoint: Endpoint, dose: float, at_dose: dict[_Study, float], evaluable: set[_Study], settings: AnswerSettings
) -> EndpointAtDose:
    larger = endpoint.kind.larger_is_better
    defined = [study for study in sorted(evaluable) if not math.isnan(at_dose.get(study, math.nan))]
    values = np.array([at_dose[study] for study in defined], dtype=np.float64)
    n_patients, n_missing = len(_patients(set(defined))), len(evaluable) - len(defined)
    best, worst = (math.inf, -math.inf) if larger else (-math.inf, math.inf)
    finite = values[np.isfinite(values)]
    if len(finite):
        values[values == best] = finite.max() if larger else finite.min()
    mean, bound = math.nan, math.nan
    if np.isinf(values).any():
        mean = bound = worst if (values == worst).any() else best
    elif len(values):
        means = np.array(list(patient_means(values, [patient for patient, _ in defined]).values()))
        mean = float(means.mean())
        if n_patients >= settings.min_patients:
            bound = float(bound_of_mean(means, settings.level, lower=larger))
    known = n_patients >= settings.min_patients and n_missing == 0
    keeps = known and keeps_margin(bound, endpoint.margin, larger_is_better=larger)
    return EndpointAtDose(
        endpoint, dose, n_patients, len(defined), n_missing, mean, bound if known else None, passed=keeps
    )


def _obstacle(
    settings: AnswerSettings, doses: tuple[float, ...], cells: tuple[EndpointAtDose, ...], defined: list[set[_Study]]
) -> tuple[Status | None, tuple[Endpoint, ...]]:
    """Why there can be no answer, whatever the doses show; None where there can."""
    endpoints = settings.endpoints
    if not doses:
        return "not measured", endpoints
    n_patients = {endpoint: len(_patients(studies)) for endpoint, studies in zip(endpoints, defined, strict=True)}
    controls = {cell.endpoint: cell for cell in cells if cell.dose == 0 and cell.n_missing == 0}
    to_control = [endpoint for endpoint in endpoints if endpoint.kind.needs_contrast]
    obstacles: dict[Status, tuple[Endpoint, ...]] = {
        "not measured": tuple(endpoint for endpoint in endpoints if not n_patients[endpoint]),
        "too few": tuple(endpoint for endpoint in endpoints if n_patients[endpoint] < settings.min_patients),
        "no control": tuple(endpoint for endpoint in to_control if endpoint not in controls),
        "insensitive": tuple(
            endpoint for endpoint in to_control if endpoint in controls and controls[endpoint].mean_keeps_margin
        ),
    }
    return next(((status, reasons) for status, reasons in obstacles.items() if reasons), (None, ()))
