# SPDX-License-Identifier: Apache-2.0
"""Stage evaluate: every method at every dose against the standard dose, and against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.cohort.visits import visits_of
from lessgad.dose_fraction import dose_label
from lessgad.evaluation.artifacts_csv import read_artifacts, write_artifacts
from lessgad.evaluation.consistency_csv import read_consistency, write_consistency
from lessgad.evaluation.enhancement_csv import read_enhancement, write_enhancement
from lessgad.evaluation.false_against_missed_csv import read_operating_points, write_operating_points
from lessgad.evaluation.growth import growth_rows
from lessgad.evaluation.growth_csv import write_growth
from lessgad.evaluation.intervals_csv import read_intervals_table, write_intervals_table
from lessgad.evaluation.lesions_csv import read_lesions, write_lesions
from lessgad.evaluation.overlap_csv import read_overlap, write_overlap
from lessgad.evaluation.result_rows import RESTORED
from lessgad.evaluation.similarity_csv import read_similarity, write_similarity
from lessgad.evaluation.thresholds_csv import read_thresholds, write_thresholds
from lessgad.evaluation.tumor_size_csv import read_tumor_size, write_tumor_size
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_study import PreparedFiles, Regions, read_prepared
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.judged_images import StudyImages, judged_images, read_like
from lessgad.workflow.low_doses import LowDoses, judged_doses, low_doses
from lessgad.workflow.prepare import prepared_files
from lessgad.workflow.restore import baselines_unit, plan_restoration
from lessgad.workflow.segment import Segmentations, plan_segmentation, segmentation_files
from lessgad.workflow.segmentation_judge import judge_segmentations
from lessgad.workflow.study_images import external_hashes, study_images
from lessgad.workflow.study_scores import StudyJudge, StudyScores
from lessgad.workflow.unit import Advance, Unit, unit_state

VERSION = 6
#: The tables of results/, each with what writes and what reads it.
TABLES: dict[str, tuple[Callable[[Path, Iterable[Any]], None], Callable[[Path], list[Any]]]] = {
    "similarity": (write_similarity, read_similarity),
    "thresholds": (write_thresholds, read_thresholds),
    "enhancement": (write_enhancement, read_enhancement),
    "artifacts": (write_artifacts, read_artifacts),
    "lesions": (write_lesions, read_lesions),
    "false_against_missed": (write_operating_points, read_operating_points),
    "intervals": (write_intervals_table, read_intervals_table),
    "consistency": (write_consistency, read_consistency),
    "overlap": (write_overlap, read_overlap),
    "tumor_size": (write_tumor_size, read_tumor_size),
}
GROWTH = "growth"  # of pairs of studies, so it is made when all are gathered


@dataclass(frozen=True)
class EvaluationTask:
    """What a worker needs to judge one study.

    Attributes:
        study: Whose.
        subset: Of its patient.
        files: Its prepared images.
        images: The images that are judged.
        doses: To judge.
        low_doses: Where its low doses come from.
        regions: Label values of each region.
        segmentations: Where its segmentations lie; None where there are none.
        maps: Where what the measurement contradicts in the restored image goes, by dose.
        tables: Where the figures go, by the name of the table.
    """

    study: Study
    subset: Subset
    files: PreparedFiles
    images: StudyImages
    doses: tuple[float, ...]
    low_doses: LowDoses
    regions: Regions
    segmentations: Segmentations | None
    maps: dict[float, Path]
    tables: dict[str, Path]


def plan_evaluation(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study that is restored."""
    baselines = baselines_unit(experiment)
    segmentations = {unit.name: unit for unit in plan_segmentation(experiment)}
    restorations = {unit.name: unit for unit in plan_restoration(experiment)}
    units = []
    for study in experiment.studies(experiment.settings.subsets):
        restoration = restorations.get(study.name)
        if restoration is None or unit_state(experiment.folder, restoration) == "failed":
            continue
        segmentation = segmentations.get(study.name)
        if segmentation is not None and unit_state(experiment.folder, segmentation) == "failed":
            segmentation = None  # the rest of the study is judged all the same
        task = _task(experiment, study, segmented=segmentation is not None)
        mark = fingerprint(
            VERSION,
            restored=restoration.fingerprint,
            baselines=baselines.fingerprint,
            subset=task.subset,
            regions=task.regions,
            external=external_hashes(experiment, task.images),
            **({} if segmentation is None else {"segmented": segmentation.fingerprint}),
        )
        work = partial(evaluate_study, task)
        maps = tuple(task.maps.values())
        # A measured low dose has no map where the forward model is linear, which only the sidecar tells.
        certain = maps if task.low_doses.measured is None else ()
        outputs = (*task.tables.values(), *certain)
        units.append(
            Unit("evaluate", study.name, f"evaluation of {study.name}", mark, work, outputs, maps, of_study=True)
        )
    return units


def evaluate_study(task: EvaluationTask, advance: Advance) -> None:
    """Judge one study, write its rows, and map what of the restored images the measurement contradicts."""
    prepared = read_prepared(task.files)
    grid = read_volume(task.files.pre_contrast)
    judge = StudyJudge(prepared, task.subset, task.regions)
    for index, dose in enumerate(task.doses):
        advance(index / len(task.doses), f"{task.study.name} at {dose_label(dose)}")
        low_dose = task.low_doses.at(prepared, dose)
        if dose in task.maps:
            task.maps[dose].unlink(missing_ok=True)
        for method, image in judged_images(task.images, prepared, low_dose.image, dose, low_dose.simulator, grid):
            consistency = judge.judge(image, method, low_dose)
            if method == RESTORED and consistency is not None:
                contradicted = Volume(consistency.error, in_transverse_order(grid).affine)
                write_volume(task.maps[dose], in_order_of(contradicted, grid))
            if method == RESTORED and task.images.half_width[dose].exists():
                half_width = read_like(task.images.half_width[dose], grid, needs_contrast=False)
                judge.judge_interval(image, half_width, dose)
    if task.segmentations is not None:
        judge_segmentations(judge.scores, task.subset, prepared, task.regions, task.segmentations, grid)
    for name, path in task.tables.items():
        TABLES[name][0](path, getattr(judge.scores, name))


def gather_results(experiment: Experiment) -> StudyScores:
    """Put the rows of all studies into the tables of ``results/``, and give them."""
    done = [unit.name for unit in plan_evaluation(experiment) if unit_state(experiment.folder, unit) == "done"]
    gathered = StudyScores()
    for name, (write, read) in TABLES.items():
        rows = [row for study in done for row in read(experiment.folder.scores(study, name))]
        write(experiment.folder.table(name), rows)
        getattr(gathered, name).extend(rows)
    progression = experiment.settings.evaluation.progression
    gathered.growth.extend(
        growth_rows(gathered.overlap, gathered.tumor_size, progression, visits_of(experiment.cohort))
    )
    write_growth(experiment.folder.table(GROWTH), gathered.growth)
    return gathered


def _task(experiment: Experiment, study: Study, *, segmented: bool) -> EvaluationTask:
    settings, folder = experiment.settings, experiment.folder
    doses = judged_doses(experiment, study)
    return EvaluationTask(
        study=study,
        subset=experiment.subsets[study.patient],
        files=prepared_files(experiment, study),
        images=study_images(experiment, study),
        doses=doses,
        low_doses=low_doses(experiment, study),
        regions=settings.cohort.regions,
        segmentations=segmentation_files(experiment, study) if segmented else None,
        maps={dose: _map_file(experiment, study, dose) for dose in doses if dose > 0},
        tables={name: folder.scores(study.name, name) for name in TABLES},
    )


def _map_file(experiment: Experiment, study: Study, dose: float) -> Path:
    folder = experiment.folder.restored(study.patient, study.session)
    return folder / f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}contradicted_T1w.nii.gz"
