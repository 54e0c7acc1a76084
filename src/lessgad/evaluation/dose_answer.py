# SPDX-License-Identifier: Apache-2.0
"""How little contrast is enough: the lowest dose at which every endpoint keeps its margin, or why none is given.

Values that do not exist never help a dose:

- *undefined at every dose*, 0 included (recovery of a tumor that does not enhance even at the standard dose; a study
  that could not be prepared): the study says nothing of that endpoint. It is left out at all doses, so that it
  cannot favor one; its patient is counted where no other study of theirs has a value, and told beside the answer.
- *missing or undefined at some doses only*: such a dose does not pass, and so ends the sequence.

An endpoint that a second scan at the standard dose fails in these patients gives no verdict at any dose:
no dose could keep it. The others decide without it, and the answer names it. So it is with an endpoint of readers if
there are no readings, or too few, or if the readings do not show that contrast itself is a gain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.endpoint_at_dose import EndpointAtDose, endpoint_at_dose, fewest_patients
from lessgad.evaluation.endpoint_metrics import HALF
from lessgad.evaluation.non_inferiority import lowest_in_sequence
from lessgad.evaluation.outcomes import STANDARD, Outcome, Study, Values, endpoint_values, measured_at
from lessgad.evaluation.share_of_patients import patients_needed

__all__ = ["DoseAnswer", "Outcome", "Status", "find_dose_answer"]

Status = Literal["given", "no dose", "not measured", "too few", "no control", "insensitive", "unusable"]


@dataclass(frozen=True)
class DoseAnswer:
    """The lowest dose that is enough, or why none is given.

    Attributes:
        status: "given"; "no dose": the highest one failed already; "not measured": an endpoint has no values; "too
            few" patients; "no control": dose 0 was not measured or not in every study, so that it is not known whether
            the endpoints can fail; "insensitive": an endpoint is met without contrast, so it proves nothing;
            "unusable": no endpoint that needs contrast gives a verdict.
        settings: Endpoints, margins, method.
        doses: Above 0 and below 1, from high to low: the order of the test.
        cells: Every endpoint at every dose, at 0 where that was measured, and at 1 where there is a repeat.
        lowest_dose: Lowest sufficient dose, 0–1; None without an answer.
        stopped_at: The first dose that failed.
        reasons: The endpoints that "not measured", "too few", "no control", "insensitive" or "unusable" speak of.
        unusable: Endpoints that give no verdict: the repeat fails them, or readers do not measure them.
        n_test_patients: Number of patients in the test subset, with and without values.
        n_undefined: Patients without any value, of each endpoint in the order of the settings; left out of it.
    """

    status: Status
    settings: AnswerSettings
    doses: tuple[float, ...]
    cells: tuple[EndpointAtDose, ...]
    lowest_dose: float | None
    stopped_at: float | None
    reasons: tuple[Endpoint, ...]
    unusable: tuple[Endpoint, ...]
    n_test_patients: int
    n_undefined: tuple[int, ...]

    def n_patients(self, endpoint: Endpoint) -> int:
        """Patients with a value of an endpoint at any dose."""
        return self.n_test_patients - self.n_undefined[self.settings.endpoints.index(endpoint)]

    def cell(self, dose: float, endpoint: Endpoint) -> EndpointAtDose | None:
        """Look up the result of an endpoint at a dose.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.
            endpoint: The endpoint.

        Returns:
            The result; None if the endpoint was not tested there.
        """
        return next((cell for cell in self.cells if (cell.dose, cell.endpoint) == (dose, endpoint)), None)

    @property
    def deciding(self) -> tuple[Endpoint, ...]:
        """The endpoints that give a verdict."""
        return tuple(endpoint for endpoint in self.settings.endpoints if endpoint not in self.unusable)


def find_dose_answer(
    outcomes: Iterable[Outcome], settings: AnswerSettings, *, doses: Iterable[float], patients: Iterable[str]
) -> DoseAnswer:
    """Test the doses from high to low.

    Dose 1 is what the others are compared with and is not tested; its repeat is the positive control. Dose 0 is the
    negative control: an endpoint that a large enough *share of these patients* keeps there cannot tell contrast from
    none, however uncertain that share is, and the answer is withheld.

    Args:
        outcomes: Measured outcomes; those that the settings, `doses` and `patients` do not name are ignored.
        settings: Settings of the answer.
        doses: Doses to test, as frozen; a dose without values fails.
        patients: Patients of the test subset; those without values are counted as undefined.

    Returns:
        The verdict, and the result of each endpoint at each dose.

    Raises:
        InputError: A value comes twice.
    """
    measured = tuple(outcomes)
    planned = {float(dose) for dose in doses if dose < 1}
    tested = tuple(sorted(planned - {0.0}, reverse=True))
    everyone = set(patients)
    endpoints = settings.endpoints
    values = [endpoint_values(measured, e, settings.method, planned | {0.0}, everyone) for e in endpoints]
    defined = [_defined_anywhere(of_endpoint) for of_endpoint in values]
    cells = tuple(
        cell
        for endpoint, of_endpoint, evaluable in zip(endpoints, values, defined, strict=True)
        for cell in _cells(endpoint, of_endpoint, evaluable, tested, settings)
    )
    failed = {cell.endpoint for cell in cells if cell.dose == STANDARD and _repeat_fails(cell)}
    controls = {cell.endpoint: cell for cell in cells if cell.dose == 0}
    unread = {e for e in endpoints if e.kind.read and not shows_gain(controls.get(e), settings)}
    unusable = tuple(endpoint for endpoint in endpoints if endpoint in failed | unread)
    deciding = [cell for cell in cells if cell.endpoint not in unusable]
    passed = {dose: all(cell.passed for cell in deciding if cell.dose == dose) for dose in tested}
    status, reasons = _obstacle(settings, tested, deciding, defined, unusable)
    lowest = lowest_in_sequence(passed) if status is None else None
    return DoseAnswer(
        status=status or ("no dose" if lowest is None else "given"),
        settings=settings,
        doses=tested,
        cells=cells,
        lowest_dose=lowest,
        stopped_at=next((dose for dose in tested if not passed[dose]), None),
        reasons=reasons,
        unusable=unusable,
        n_test_patients=len(everyone),
        n_undefined=tuple(len(everyone - _patients(evaluable)) for evaluable in defined),
    )


def _cells(
    endpoint: Endpoint, values: Values, evaluable: set[Study], tested: tuple[float, ...], settings: AnswerSettings
) -> list[EndpointAtDose]:
    """At every dose and, where they were measured, at both controls; no study misses a repeat that it never had."""
    control = {study: value for study, value in values[STANDARD].items() if not math.isnan(value)}
    cells = []
    for dose in tested:
        of = measured_at(endpoint, values, dose)
        cell = endpoint_at_dose(endpoint, dose, values[of], evaluable, settings)
        cells.append(cell if of == dose else replace(cell, read_at=of))
    if values[0.0]:
        cells.append(endpoint_at_dose(endpoint, 0.0, values[0.0], evaluable, settings))
    if control:
        cells.append(endpoint_at_dose(endpoint, STANDARD, control, set(control), settings))
    return cells


def shows_gain(without: EndpointAtDose | None, settings: AnswerSettings) -> bool:
    """Say whether readers are shown to score contrast better than none, in more than half of all patients.

    A patient whose scores gain nothing keeps any margin without contrast; the others do not.

    Args:
        without: An endpoint of readers at dose 0; None without readings.
        settings: Level and least number of patients.

    Returns:
        True if enough patients gain, by the exact test that doses are judged by.
    """
    if without is None or without.n_patients < settings.min_patients:
        return False
    needed = patients_needed(without.n_patients, HALF, settings.level)
    return needed is not None and without.n_patients - without.n_kept >= needed


def _repeat_fails(control: EndpointAtDose) -> bool:
    """Whether a scan at the full dose fails an endpoint; not known with too few repeats."""
    return control.bound is not None and not control.passed


def _defined_anywhere(values: Values) -> set[Study]:
    low = (at_dose for dose, at_dose in values.items() if dose < STANDARD)
    return {study for at_dose in low for study, value in at_dose.items() if not math.isnan(value)}


def _patients(studies: set[Study]) -> set[str]:
    return {patient for patient, _ in studies}


def _obstacle(
    settings: AnswerSettings,
    doses: tuple[float, ...],
    cells: list[EndpointAtDose],
    defined: list[set[Study]],
    unusable: tuple[Endpoint, ...],
) -> tuple[Status | None, tuple[Endpoint, ...]]:
    """Say why there can be no answer at any dose; None if there can be one."""
    if not doses:
        return "not measured", settings.endpoints
    of_all = zip(settings.endpoints, defined, strict=True)
    n_patients = {endpoint: len(_patients(studies)) for endpoint, studies in of_all if endpoint not in unusable}
    controls = {cell.endpoint: cell for cell in cells if cell.dose == 0 and cell.n_missing == 0}
    to_control = [endpoint for endpoint in n_patients if endpoint.kind.needs_contrast]
    obstacles: dict[Status, tuple[Endpoint, ...]] = {
        "not measured": tuple(endpoint for endpoint, n in n_patients.items() if not n),
        "too few": tuple(endpoint for endpoint, n in n_patients.items() if n < fewest_patients(endpoint, settings)),
        "unusable": unusable if not to_control else (),
        "no control": tuple(endpoint for endpoint in to_control if endpoint not in controls),
        "insensitive": tuple(
            endpoint for endpoint in to_control if endpoint in controls and controls[endpoint].looks_kept
        ),
    }
    return next(((status, reasons) for status, reasons in obstacles.items() if reasons), (None, ()))
