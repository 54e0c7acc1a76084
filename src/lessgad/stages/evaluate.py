# SPDX-License-Identifier: Apache-2.0
"""Stage evaluate: every method at every dose against the standard dose, and against what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.dose.low_doses import LowDoses
from lessgad.engine.unit import Doing, Input, Unit
from lessgad.evaluation.results.table import RESTORED
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import StudyFiles, read_once
from lessgad.experiment.scanned import low_doses_at, planned_doses
from lessgad.experiment.study_files import (
    ExternalImages,
    contradicted_file,
    half_width_file,
    prepared_files,
    restored_file,
    segmentation_files,
)
from lessgad.experiment.unit_names import (
    baselines_at,
    evaluated,
    part_of,
    prepared,
    prepared_repeat,
    restored,
    segmented,
)
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.scoring.method_images import DoseImages, method_images, read_like
from lessgad.scoring.repeat import scanned_repeat, score_repeat, simulated_repeat
from lessgad.scoring.score_tables import write_scores
from lessgad.scoring.segmentation_scoring import score_segmentations
from lessgad.scoring.study_scores import StudyScorer, StudyScores
from lessgad.volume import Volume, in_order_of, in_transverse_order, write_volume

VERSION = 13


@dataclass(frozen=True)
class EvaluationTask:
    """What a worker needs to judge one dose of a study, or its standard dose.

    Attributes:
        study: The files of the study.
        subset: Subset of the patient.
        dose: Fraction of the standard dose; None for the standard dose itself.
        images: The images that are evaluated; None for the standard dose.
        low_doses: Source of the low dose.
        regions: Label values of each region.
        segmented: The unit that segments these images; empty where nothing is segmented.
        segmentations: Files of the segmentations, by image.
        map: File for the map of contradictions between the restored image and the measurement; None at dose 0.
        tables: The folder where the figures go.
        repeat: The second scan at the standard dose, prepared; None where there is none.
    """

    study: StudyFiles
    subset: Subset
    dose: float | None
    images: DoseImages | None
    low_doses: LowDoses
    regions: Regions
    segmented: str
    segmentations: Mapping[str, Path]
    map: Path | None
    tables: Path
    repeat: Path | None


def units(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study that is evaluated and its standard dose, and one for each of its doses."""
    external = ExternalImages(experiment)
    return [
        _unit(experiment, study, dose, external)
        for study in experiment.studies(experiment.settings.subsets)
        for dose in (None, *planned_doses(experiment, study))
    ]


def _unit(experiment: Experiment, study: Study, dose: float | None, external: ExternalImages) -> Unit:
    settings = experiment.settings
    others = {} if dose is None else external.at(study, dose)
    segments = settings.segmentation is not None
    task = EvaluationTask(
        study=StudyFiles(study, prepared_files(experiment, study)),
        subset=experiment.subsets[study.patient],
        dose=dose,
        images=None,
        low_doses=low_doses_at(experiment, study, dose or 0.0),
        regions=settings.cohort.regions,
        segmented=segmented(study, dose) if segments else "",
        segmentations=segmentation_files(experiment, study, dose, others) if segments else {},
        map=contradicted_file(experiment, study, dose) if dose else None,
        tables=experiment.folder.scores(study.name, part_of(dose)),
        repeat=prepared_files(experiment, study).repeat if study.repeats and dose is None else None,
    )
    inputs = [Input(prepared(study), "else left out")]
    if task.repeat is not None:
        inputs.append(Input(prepared_repeat(study), "where usable"))
    if dose is not None:
        inputs += Input(restored(study, dose), "else left out"), Input(baselines_at(dose))
        images = DoseImages(
            baselines=experiment.folder.strengths(part_of(dose)),
            restored=restored_file(experiment, study, dose),
            half_width=half_width_file(experiment, study, dose),
            external=others,
        )
        task = replace(task, images=images)
    if segments:  # if it fails, the rest is still evaluated
        inputs.append(Input(segmented(study, dose), "where usable"))
    maps = () if task.map is None else (task.map,)
    # A measured low dose has no map where the forward model is linear, which only the sidecar tells.
    certain = maps if settings.low_dose == "simulated" else ()
    stage, _, name = evaluated(study, dose).partition("/")
    return Unit(
        stage,
        name,
        f"evaluation of {study.name} at {part_of(dose)}",
        VERSION,
        {
            "dose": dose,
            "subset": task.subset,
            "regions": settings.cohort.regions,
            "external": {method: experiment.hashes.of(path) for method, path in others.items()},
            "repeat": None if dose is not None else settings.simulation.model_dump(mode="json"),
        },
        partial(evaluate_dose, task),
        outputs=(task.tables, *certain),
        inputs=tuple(inputs),
        passing=maps,
        subject=study.name,
    )


def evaluate_dose(task: EvaluationTask, doing: Doing) -> None:
    """Judge one dose of a study, write its rows, and map what of the restored image the measurement contradicts.

    Args:
        task: What to evaluate.
        doing: Receives progress and tells what else the unit reads.
    """
    doing.advance(0.0, f"{task.study.study.name} at {part_of(task.dose)}")
    mark = doing.inputs[prepared(task.study.study)]
    study, grid = read_once(task.study, mark)
    scorer = copy(_judge(task.study, task.subset, tuple(task.regions.items()), mark))
    scorer.scores = StudyScores(thresholds=list(scorer.scores.thresholds))
    if task.dose is not None and task.images is not None:
        _judge_images(task, task.dose, task.images, study, scorer, grid)
    if task.dose is None:
        _score_repeat(task, study, scorer, scanned=prepared_repeat(task.study.study) in doing.inputs)
    if task.segmented in doing.inputs:
        of_dose = 1.0 if task.dose is None else task.dose
        score_segmentations(scorer.scores, task.subset, study, task.regions, of_dose, task.segmentations, grid)
    write_scores(task.tables, scorer.scores)


def _score_repeat(task: EvaluationTask, study: PreparedStudy, scorer: StudyScorer, *, scanned: bool) -> None:
    """Evaluate the second scan at the standard dose: the one that was made, else a simulated one."""
    if scanned and task.repeat is not None:
        repeat = scanned_repeat(task.repeat)
    else:
        simulated = simulated_repeat(study, task.low_doses.simulation)
        if simulated is None:
            return
        repeat = simulated
    score_repeat(scorer, study, task.subset, task.regions, repeat)


@lru_cache(maxsize=1)
def _judge(
    study: StudyFiles, subset: Subset, regions: tuple[tuple[str, tuple[int, ...]], ...], mark: str
) -> StudyScorer:
    """Find what does not depend on the image once for all doses of a study that one worker judges."""
    return StudyScorer(read_once(study, mark)[0], subset, dict(regions))


def _judge_images(
    task: EvaluationTask, dose: float, images: DoseImages, study: PreparedStudy, scorer: StudyScorer, grid: Volume
) -> None:
    low_dose = task.low_doses.at(study, dose)
    if task.map is not None:
        task.map.unlink(missing_ok=True)
    for method, image in method_images(images, study, low_dose.image, dose, low_dose.simulator, grid):
        discrepancy = scorer.score(image, method, low_dose)
        if method == RESTORED and discrepancy is not None and task.map is not None:
            contradicted = Volume(scorer.error_map(discrepancy), in_transverse_order(grid).affine)
            write_volume(task.map, in_order_of(contradicted, grid))
        if method == RESTORED and images.half_width.exists():
            half_width = read_like(images.half_width, grid)
            scorer.score_interval(image, half_width, dose)
