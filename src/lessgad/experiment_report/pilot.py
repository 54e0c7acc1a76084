# SPDX-License-Identifier: Apache-2.0
"""What an experiment says of how many patients the next one needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lessgad.dose_fraction import percent
from lessgad.errors import InputError
from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.outcomes import Values, endpoint_values, measured_at
from lessgad.evaluation.pilot_power import MIN_PILOT, PilotValues, power_curve
from lessgad.evaluation.results.artifacts import read_artifacts
from lessgad.evaluation.results.enhancement import read_enhancement
from lessgad.evaluation.results.lesions import read_lesions
from lessgad.evaluation.results.overlap import read_overlap
from lessgad.evaluation.results.power import PowerRow
from lessgad.evaluation.results.similarity import read_similarity
from lessgad.experiment.opened import Experiment
from lessgad.experiment_report.answer_from_results import answer_settings, outcomes_of, tested_doses, unfrozen_answer
from lessgad.experiment_report.reader_outcomes import reader_outcomes, readings_of_test_patients

ALL = "all"


@dataclass(frozen=True)
class Pilot:
    """The patients of an experiment, as a pilot of a larger one.

    Attributes:
        settings: Settings of the answer, with the endpoints that give a verdict.
        doses: Evaluated doses, from high to low.
        n_patients: Number of patients with a value of some endpoint.
        values: Value of each patient, by endpoint and dose.
        answer: Answer of the pilot itself, which says which endpoints the repeat fails.
    """

    settings: AnswerSettings
    doses: tuple[float, ...]
    n_patients: int
    values: dict[Endpoint, dict[float, PilotValues]]
    answer: DoseAnswer


def read_pilot(experiment: Experiment) -> Pilot:
    """Read the results of an experiment's test patients.

    Args:
        experiment: The opened experiment.

    Returns:
        The results, by endpoint and dose.

    Raises:
        InputError: There are no results, or under three test patients have any.
    """
    folder, readings = experiment.folder, readings_of_test_patients(experiment)
    settings = answer_settings(experiment, read=readings is not None)
    outcomes = reader_outcomes(readings) + outcomes_of(
        read_similarity(folder.table("similarity")),
        read_enhancement(folder.table("enhancement")),
        read_overlap(folder.table("overlap")),
        read_artifacts(folder.table("artifacts")),
        read_lesions(folder.table("lesions")),
    )
    answer = unfrozen_answer(experiment, outcomes, read=readings is not None)
    doses = sorted((dose for dose in tested_doses(experiment) if 0 < dose < 1), reverse=True)
    patients = sorted({outcome.patient for outcome in outcomes if outcome.method == settings.method})
    if len(patients) < MIN_PILOT or not doses:
        came = f"{len(patients)} at {', '.join(percent(dose) for dose in doses) or 'no dose between 0 and 100 %'}"
        raise InputError(
            f"The pilot has results of {came}; at least {MIN_PILOT} test patients are needed",
            path=folder.results,
            remedy="Run the experiment with more of them",
        )
    values: dict[Endpoint, dict[float, PilotValues]] = {}
    for endpoint in settings.endpoints:
        found = endpoint_values(outcomes, endpoint, settings.method, doses, set(patients))
        by_dose = {dose: _patient_values(found, measured_at(endpoint, found, dose), patients) for dose in doses}
        usable = endpoint not in answer.unusable and any(np.isfinite(at_dose).any() for at_dose in by_dose.values())
        if usable:
            evaluable = ~np.all([np.isnan(at_dose) for at_dose in by_dose.values()], axis=0)
            values[endpoint] = {dose: _filled(at_dose, evaluable) for dose, at_dose in by_dose.items()}
    return Pilot(settings, tuple(doses), len(patients), values, answer)


def pilot_power(pilot: Pilot, doses: Sequence[float], n_patients: Sequence[int], seed: int) -> list[PowerRow]:
    """Compute the power at every dose, for all endpoints together and for each of them.

    Args:
        pilot: Results of the pilot.
        doses: Doses as fractions of the standard dose, 0–1.
        n_patients: Numbers of patients, rising.
        seed: Random seed.

    Returns:
        The rows.
    """
    rows: list[PowerRow] = []
    for dose in doses:
        together = {
            ALL: pilot.values,
            **{endpoint_key(endpoint): {endpoint: of} for endpoint, of in pilot.values.items()},
        }
        for name, values in together.items():
            power = power_curve(values, dose, pilot.settings, n_patients, seed)
            rows += [PowerRow(dose, name, n, float(p)) for n, p in zip(n_patients, power, strict=True)]
    return rows


def endpoint_key(endpoint: Endpoint) -> str:
    """Name an endpoint in a table: metric, area, and whether it is relative to the repeat."""
    parts = [endpoint.metric, *([endpoint.area] if endpoint.area else []), *([endpoint.relative_to or ""])]
    return " ".join(part for part in parts if part)


def _patient_values(found: Values, dose: float, patients: Sequence[str]) -> PilotValues:
    """Mean over the studies of each patient."""
    by_patient: dict[str, list[float]] = {}
    for (patient, _), value in found[dose].items():
        if not np.isnan(value):
            by_patient.setdefault(patient, []).append(value)
    return np.array([np.mean(by_patient.get(patient, [np.nan])) for patient in patients], dtype=np.float64)


def _filled(values: PilotValues, evaluable: np.ndarray) -> PilotValues:
    """Give patients without any value of an endpoint those of others in turn: power is of patients who have one."""
    there = values[evaluable & ~np.isnan(values)]
    filled = values.copy()
    filled[~evaluable] = np.resize(there, np.count_nonzero(~evaluable)) if len(there) else np.nan
    return filled
