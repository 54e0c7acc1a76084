# SPDX-License-Identifier: Apache-2.0
"""The dose answer: its definition is fixed before test results are computed, and it is found from the result tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lessgad.atomic_write import write_text
from lessgad.errors import InputError
from lessgad.evaluation.answer_settings import AnswerSettings
from lessgad.evaluation.dose_answer import DoseAnswer, find_dose_answer
from lessgad.evaluation.lesions_lost import lesions_lost, missed_shares
from lessgad.evaluation.outcomes import Outcome
from lessgad.evaluation.preregistration import Preregistration, answer_content, compare_with_frozen, frozen_record
from lessgad.evaluation.results.artifacts import ArtifactRow
from lessgad.evaluation.results.enhancement import EnhancementRow
from lessgad.evaluation.results.lesions import LesionRow
from lessgad.evaluation.results.overlap import STANDARD, OverlapRow, method_of_image
from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import scans
from lessgad.experiment_report.reader_outcomes import reader_outcomes, readings_of_test_patients


def freeze_answer(experiment: Experiment) -> None:
    """Record once how the answer is defined, and whether test results existed already."""
    path = experiment.folder.frozen_answer
    if path.exists():
        return
    judged = any(experiment.folder.scores(study.name, "").is_dir() for study in experiment.studies(["test"]))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = frozen_record(_content(experiment), frozen_on=now, results_exist=judged)
    write_text(path, json.dumps(record, indent=1) + "\n")


def answer_of(
    experiment: Experiment,
    similarity: Sequence[SimilarityRow],
    enhancement: Sequence[EnhancementRow],
    overlap: Sequence[OverlapRow],
    artifacts: Sequence[ArtifactRow],
    lesions: Sequence[LesionRow],
) -> tuple[DoseAnswer, Preregistration]:
    """Test the doses on the test patients, and compare the definition of the answer with the frozen one.

    Args:
        experiment: The opened experiment.
        similarity: Rows of the similarity table.
        enhancement: Rows of the enhancement table.
        overlap: Rows of the overlap table.
        artifacts: Rows of the artifact table.
        lesions: Rows of the lesion table.

    Returns:
        The answer, and the comparison.

    Raises:
        InputError: The frozen record is damaged.
    """
    path = experiment.folder.frozen_answer
    readings = readings_of_test_patients(experiment)
    outcomes = outcomes_of(similarity, enhancement, overlap, artifacts, lesions) + reader_outcomes(readings)
    answer = unfrozen_answer(experiment, outcomes, read=readings is not None)
    record = _read(path) if path.exists() else None
    compared = compare_with_frozen(record, _content(experiment), path)
    return answer, replace(compared, readers_joined=readings is not None and experiment.settings.answer.readings_join)


def outcomes_of(
    similarity: Sequence[SimilarityRow],
    enhancement: Sequence[EnhancementRow],
    overlap: Sequence[OverlapRow],
    artifacts: Sequence[ArtifactRow],
    lesions: Sequence[LesionRow],
) -> list[Outcome]:
    """Convert result rows of test patients to values of endpoints.

    Args:
        similarity: Rows of the similarity table.
        enhancement: Rows of the enhancement table.
        overlap: Rows of the overlap table.
        artifacts: Rows of the artifact table.
        lesions: Rows of the lesion table.

    Returns:
        The values.
    """
    return [
        *_of_similarity(similarity),
        *_of_enhancement(enhancement),
        *_of_overlap(overlap),
        *_of_artifacts(artifacts),
        *_of_lesions(lesions),
    ]


def unfrozen_answer(experiment: Experiment, outcomes: Sequence[Outcome], *, read: bool = False) -> DoseAnswer:
    """Test the doses on the test patients with the present settings, even if others were frozen.

    Args:
        experiment: The opened experiment.
        outcomes: Values of all endpoints.
        read: Whether readers read test patients.

    Returns:
        The answer.
    """
    return find_dose_answer(
        outcomes,
        answer_settings(experiment, read=read),
        doses=tested_doses(experiment),
        patients=_test_patients(experiment),
    )


def answer_settings(experiment: Experiment, *, read: bool = False) -> AnswerSettings:
    """Give the endpoints of an experiment.

    Args:
        experiment: The opened experiment.
        read: Whether readers read test patients.

    Returns:
        The settings; by default the loss of Dice is among them where images are segmented, and the readers' gain from
        contrast where images were read.
    """
    return experiment.settings.answer.completed(segmented=experiment.settings.segmentation is not None, read=read)


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise InputError(
            "The record of the answer as it was fixed is damaged",
            path=path,
            remedy="Put it back, or remove it: the answer then counts as not fixed in advance",
        )
    return record


def _content(experiment: Experiment) -> dict[str, Any]:
    return answer_content(answer_settings(experiment), tested_doses(experiment), _test_patients(experiment))


def tested_doses(experiment: Experiment) -> list[float]:
    """List the doses of the settings; for measured doses, those of the test scans, failed ones included."""
    doses = list(experiment.settings.doses)
    if experiment.settings.low_dose == "simulated":
        return doses
    scanned = {dose for study in experiment.studies(["test"]) for dose in scans(experiment, study)}
    return [dose for dose in doses if dose in scanned or dose in (0.0, 1.0)]


def _test_patients(experiment: Experiment) -> list[str]:
    return sorted({study.patient for study in experiment.studies(["test"])})


def _of_similarity(rows: Sequence[SimilarityRow]) -> Iterator[Outcome]:
    for row in rows:
        if row.subset == "test":
            whose = row.patient, row.session, row.dose, row.method
            yield Outcome(*whose, "ssim", row.area, row.ssim)
            yield Outcome(*whose, "psnr_db", row.area, row.psnr_db)


def _of_enhancement(rows: Sequence[EnhancementRow]) -> Iterator[Outcome]:
    for row in rows:
        if row.subset == "test":
            whose = row.patient, row.session, row.dose, row.method
            yield Outcome(*whose, "recovery", "", row.recovery)
            yield Outcome(*whose, "missed_ml", "", row.missed_ml)
            yield Outcome(*whose, "false_ml", "", row.false_ml)
            yield Outcome(*whose, "unsupported_ml", "", row.unsupported_ml)


def _of_artifacts(rows: Sequence[ArtifactRow]) -> Iterator[Outcome]:
    for row in rows:
        if row.subset == "test":
            artifact_ml = row.brighter_ml + row.darker_ml
            yield Outcome(row.patient, row.session, row.dose, row.method, "artifact_ml", "", artifact_ml)


def _of_lesions(rows: Sequence[LesionRow]) -> Iterator[Outcome]:
    test = [row for row in rows if row.subset == "test"]
    yield from lesions_lost(test)
    yield from missed_shares(test)


def _of_overlap(rows: Sequence[OverlapRow]) -> Iterator[Outcome]:
    """Loss of Dice: that with the standard dose − that with the image; undefined where either is."""
    test = [row for row in rows if row.subset == "test"]
    standard = {(row.patient, row.session, row.region): row.dice for row in test if row.image == STANDARD}
    for row in test:
        if row.image != STANDARD:
            loss = standard.get((row.patient, row.session, row.region), math.nan) - row.dice
            method = method_of_image(row.image)
            yield Outcome(row.patient, row.session, row.dose, method, "dice_loss", row.region, loss)
