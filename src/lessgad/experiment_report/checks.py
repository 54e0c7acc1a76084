# SPDX-License-Identifier: Apache-2.0
"""Reasons to believe the result of an experiment, or not to: one check each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lessgad.dose.simulation_record import SimulationRecord
from lessgad.dose_fraction import percent
from lessgad.errors import LessgadError
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.patient_level import patient_means
from lessgad.evaluation.results.intervals import IntervalRow
from lessgad.experiment.interval_patients import calibrated_on_words, why_no_intervals
from lessgad.experiment.models import PRETRAINED, model_doses
from lessgad.experiment.opened import Experiment
from lessgad.experiment.study_cautions import StudyCaution
from lessgad.pretrained import pretrained_model
from lessgad.report.content import Check, FailedStudy
from lessgad.restoration.conformal_intervals import read_intervals
from lessgad.restoration.coverage_range import coverage_range
from lessgad.restoration.out_of_distribution import MARGIN, read_training_range
from lessgad.scoring.study_scores import StudyScores

NOMINAL = 0.9
COVERAGE_WITHIN = 0.05  # of the nominal coverage


def checks(
    experiment: Experiment,
    scores: StudyScores,
    answer: DoseAnswer,
    records: Sequence[SimulationRecord],
    cautions: Sequence[StudyCaution],
    failures: Sequence[FailedStudy],
) -> tuple[Check, ...]:
    """Check the origin of the low doses, controls, intervals, noise, preparation, and failures.

    Args:
        experiment: The opened experiment.
        scores: Result rows of all studies.
        answer: The dose answer.
        records: Simulation record of each study.
        cautions: Cautions of prepared studies.
        failures: Studies that failed, with reasons.

    Returns:
        One check per topic.
    """
    return (
        _origin(experiment),
        _controls(answer),
        _intervals(experiment, [row for row in scores.intervals if row.subset == "test"]),
        _noise(experiment, [record for record in records if record.subset == "test"]),
        _alignment(experiment, cautions),
        _failed(experiment, failures),
    )


def _origin(experiment: Experiment) -> Check:
    question = "Are the low doses real scans?"
    if experiment.settings.low_dose == "measured":
        return Check(question, "yes", "The low doses were scanned.")
    return Check(
        question,
        "no",
        "The low doses were simulated. Real scans give worse results: these are an upper bound of quality.",
    )


def _controls(answer: DoseAnswer) -> Check:
    question = "Can the endpoints fail?"
    control = [cell for cell in answer.cells if cell.dose == 0]
    if not control:
        return Check(question, "unknown", "Dose 0 was not among the doses, so nothing shows that an endpoint can fail.")
    if answer.status == "insensitive":
        return Check(question, "no", "An endpoint is met without any contrast agent, so it proves nothing.")
    if answer.status in ("given", "no dose"):
        return Check(question, "yes", "Without contrast agent, the endpoints that need contrast are not met.")
    return Check(question, "unknown", "There are too few patients or values to decide.")


def _intervals(experiment: Experiment, rows: Sequence[IntervalRow]) -> Check:
    question = "Do the 90 % intervals hold?"
    areas = ("tumor_box", "head") if any(row.area == "tumor_box" for row in rows) else ("head",)
    found = {(area, dose): _coverage(rows, area, dose) for area in areas for dose in sorted({row.dose for row in rows})}
    known = {key: value for key, value in found.items() if math.isfinite(value) and key[1] > 0}
    if not known:
        return Check(question, "unknown", why_no_intervals(experiment) or "The model has no intervals.")
    (area, dose), worst = max(known.items(), key=lambda entry: abs(entry[1] - NOMINAL))
    place = "the tumor's box" if area == "tumor_box" else "the head"
    words = (
        f"Coverage lies between {_percent(min(known.values()))} and {_percent(max(known.values()))} (nominal 90 "
        f"%); the largest deviation is {_percent(worst)} in {place} at {percent(dose)}.{_range(experiment, rows)} "
        f"{calibrated_on_words(experiment)}"
    )
    return Check(question, "yes" if abs(worst - NOMINAL) <= COVERAGE_WITHIN else "no", words)


def _range(experiment: Experiment, rows: Sequence[IntervalRow]) -> str:
    """State the range of the mean coverage that this number of patients allows, if it is known."""
    name = next(iter(model_doses(experiment.settings)))
    try:
        known = read_intervals(pretrained_model() if name == PRETRAINED else experiment.folder.model(name))
    except LessgadError:
        known = None
    if known is None:
        return ""
    n_judged = len({row.patient for row in rows})
    low, high = coverage_range(known.level, known.n_patients, n_judged)
    return (
        f" With {known.n_patients} calibration patients, the mean over {n_judged} test patients lies between "
        f"{_percent(low)} and {_percent(high)} in 95 % of cohorts."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _coverage(rows: Sequence[IntervalRow], area: str, dose: float) -> float:
    chosen = [row for row in rows if (row.area, row.dose) == (area, dose)]
    means = patient_means(np.array([row.coverage for row in chosen]), [row.patient for row in chosen])
    return float(np.mean(list(means.values()))) if means else math.nan


def _noise(experiment: Experiment, records: Sequence[SimulationRecord]) -> Check:
    question = "Is the noise within the training range?"
    name = next(iter(model_doses(experiment.settings)))
    try:
        seen = read_training_range(pretrained_model() if name == PRETRAINED else experiment.folder.model(name))
    except LessgadError:
        seen = None
    if seen is None or not records:
        return Check(question, "unknown", "The model does not state the range of noise that it was trained on.")
    beyond = [record for record in records if record.sigma > MARGIN * seen.sigma[1]]
    if beyond:
        return Check(
            question, "no", f"{len(beyond)} of {len(records)} test studies are noisier than any training study."
        )
    return Check(question, "yes", f"The noise of all {len(records)} test studies is within the range of training.")


def _alignment(experiment: Experiment, cautions: Sequence[StudyCaution]) -> Check:
    question = "Are the scans aligned and comparable?"
    doubtful = sorted({caution.study for caution in cautions})
    n = len(experiment.cohort.studies)
    if not doubtful:
        return Check(question, "yes", f"The checks of preparation raised no caution in {n} studies.")
    return Check(question, "unknown", f"{len(doubtful)} of {n} studies have a caution: see “Studies to look at”.")


def _failed(experiment: Experiment, failures: Sequence[FailedStudy]) -> Check:
    question = "Is every study in the result?"
    names = {failure.study for failure in failures}
    n = len(experiment.cohort.studies) + len(experiment.cohort.unusable)
    if not names:
        return Check(question, "yes", f"All {n} studies of the cohort were used.")
    return Check(question, "no", f"{len(names)} of {n} studies are missing: see “Studies that failed”.")
