# SPDX-License-Identifier: Apache-2.0
"""Reasons to believe the result of an experiment, or not to: one check each."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.dose.simulation_record import SimulationRecord
from lessgad.errors import LessgadError
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.experiment.models import PRETRAINED, model_doses
from lessgad.experiment.opened import Experiment
from lessgad.experiment.study_cautions import StudyCaution
from lessgad.experiment_report.interval_check import interval_check
from lessgad.experiment_report.repeat_scans import RepeatScans, repeat_check
from lessgad.pretrained import pretrained_model
from lessgad.report.content import Check, FailedStudy
from lessgad.report.reading_section import ReadingSection
from lessgad.restoration.out_of_distribution import MARGIN, read_training_range
from lessgad.scoring.study_scores import StudyScores


def checks(
    experiment: Experiment,
    scores: StudyScores,
    answer: DoseAnswer,
    records: Sequence[SimulationRecord],
    cautions: Sequence[StudyCaution],
    failures: Sequence[FailedStudy],
    repeats: RepeatScans,
    readings: ReadingSection | None,
) -> tuple[Check, ...]:
    """Check the origin of the scans, readings, controls, intervals, noise, preparation, and failures.

    Args:
        experiment: The opened experiment.
        scores: Result rows of all studies.
        answer: The dose answer.
        records: Simulation record of each study.
        cautions: Cautions of prepared studies.
        failures: Studies that failed, with reasons.
        repeats: Origin of the repeat scans.
        readings: The reader study; None if there is none.

    Returns:
        One check per topic.
    """
    return (
        _origin(experiment, [record for record in records if record.subset == "test"]),
        *(
            [repeat_check(repeats, measured=experiment.settings.low_dose == "measured")]
            if any(endpoint.is_relative for endpoint in answer.settings.endpoints)
            else []
        ),
        _readings(readings),
        _controls(answer),
        interval_check(experiment, [row for row in scores.intervals if row.subset == "test"]),
        _noise(experiment, [record for record in records if record.subset == "test"]),
        _alignment(experiment, cautions),
        _failed(experiment, failures),
    )


def missing_evidence(experiment: Experiment, answer: DoseAnswer, readings: ReadingSection | None) -> str:
    """Say what is to be done before one may rely on the answer.

    Args:
        experiment: The opened experiment.
        answer: The dose answer.
        readings: The reader study; None if there is none.

    Returns:
        At most two sentences; empty without an answer, or if low doses were scanned and a radiologist read the images.
    """
    if answer.status not in ("given", "no dose"):
        return ""
    unread = "have radiologists read the restored images"
    if experiment.settings.low_dose != "measured":
        also = f", and {unread}," if readings is None else ""
        return f"The answer holds in simulation only. Test it on scanned low doses{also} before relying on it."
    return f"The low doses are real scans. Before relying on the answer, {unread}." if readings is None else ""


def _origin(experiment: Experiment, records: Sequence[SimulationRecord]) -> Check:
    question = "Are the low doses real scans?"
    if experiment.settings.low_dose == "measured":
        return Check(question, "yes", "The low doses were scanned.")
    words = "The low doses were simulated. Real scans give worse results: these are an upper bound of quality."
    linear = sum(record.model == "linear" for record in records)
    if linear:
        n = "the only study" if len(records) == 1 else f"{linear} of {len(records)} studies"
        words += f" In {n} they are a linear mix of T1 and T1ce, which is optimistic."
    return Check(question, "no", words)


def _readings(readings: ReadingSection | None) -> Check:
    question = "Did a radiologist read the images?"
    if readings is None:
        return Check(question, "no", "There are no readings. The endpoints measure images, not diagnoses.")
    return Check(question, "yes", f"{readings.in_short} See “Reader study”.")


def _controls(answer: DoseAnswer) -> Check:
    question = "Do the endpoints notice missing contrast?"
    control = [cell for cell in answer.cells if cell.dose == 0]
    if not control:
        return Check(question, "unknown", "Dose 0 was not among the doses, so nothing shows that they would.")
    if answer.status == "insensitive":
        return Check(question, "no", "An endpoint is met without any contrast agent, so it proves nothing.")
    if answer.status in ("given", "no dose"):
        deciding = " and give a verdict" if answer.unusable else ""
        return Check(
            question, "yes", f"Without contrast agent, the endpoints that need contrast{deciding} are not met."
        )
    return Check(question, "unknown", "There are too few patients or values to decide.")


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
        return Check(question, "yes", f"Preparation raised no caution in {n} studies.")
    return Check(question, "unknown", f"{len(doubtful)} of {n} studies have a caution: see “Studies to look at”.")


def _failed(experiment: Experiment, failures: Sequence[FailedStudy]) -> Check:
    question = "Is every study in the result?"
    names = {failure.study for failure in failures}
    n = len(experiment.cohort.studies) + len(experiment.cohort.unusable)
    if not names:
        return Check(question, "yes", f"All {n} studies of the cohort were used.")
    return Check(question, "no", f"{len(names)} of {n} studies are missing: see “Studies that failed”.")
