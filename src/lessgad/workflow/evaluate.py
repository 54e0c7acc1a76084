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
from lessgad.dose_fraction import dose_label
from lessgad.errors import SettingsError
from lessgad.evaluation.consistency_csv import read_consistency, write_consistency
from lessgad.evaluation.enhancement_csv import read_enhancement, write_enhancement
from lessgad.evaluation.false_against_missed_csv import read_operating_points, write_operating_points
from lessgad.evaluation.intervals_csv import read_intervals_table, write_intervals_table
from lessgad.evaluation.lesions_csv import read_lesions, write_lesions
from lessgad.evaluation.result_rows import RESTORED
from lessgad.evaluation.similarity_csv import read_similarity, write_similarity
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_study import PreparedFiles, Regions, read_prepared
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.judged_images import StudyImages, judged_images, read_like
from lessgad.workflow.low_doses import LowDoses, judged_doses, low_doses
from lessgad.workflow.prepare import prepared_files
from lessgad.workflow.restore import baselines_unit, half_width_file, plan_restoration, restored_file
from lessgad.workflow.study_scores import StudyJudge, StudyScores
from lessgad.workflow.unit import Advance, Unit, unit_state

VERSION = 2
EXTERNAL_IMAGE = "sub-P[_ses-S]_…desc-dose10_T1w.nii.gz"
#: The tables of results/, each with what writes and what reads it.
TABLES: dict[str, tuple[Callable[[Path, Iterable[Any]], None], Callable[[Path], list[Any]]]] = {
    "similarity": (write_similarity, read_similarity),
    "enhancement": (write_enhancement, read_enhancement),
    "lesions": (write_lesions, read_lesions),
    "false_against_missed": (write_operating_points, read_operating_points),
    "intervals": (write_intervals_table, read_intervals_table),
    "consistency": (write_consistency, read_consistency),
}


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
    maps: dict[float, Path]
    tables: dict[str, Path]


def plan_evaluation(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study that is restored."""
    baselines = baselines_unit(experiment)
    restorations = {unit.name: unit for unit in plan_restoration(experiment)}
    units = []
    for study in experiment.studies(experiment.settings.subsets):
        restoration = restorations.get(study.name)
        if restoration is None or unit_state(experiment.folder, restoration) == "failed":
            continue
        task = _task(experiment, study)
        mark = fingerprint(
            VERSION,
            restored=restoration.fingerprint,
            baselines=baselines.fingerprint,
            subset=task.subset,
            regions=task.regions,
            external={
                name: {dose_label(dose): experiment.hashes.of(path) for dose, path in images.items()}
                for name, images in task.images.external.items()
            },
        )
        work = partial(evaluate_study, task)
        maps = tuple(task.maps.values())
        # A measured low dose has no map where the forward model is linear, which only the sidecar tells.
        certain = maps if task.low_doses.measured is None else ()
        outputs = (*task.tables.values(), *certain)
        units.append(Unit("evaluate", study.name, f"evaluation of {study.name}", mark, work, outputs, maps))
    return units


def check_external(experiment: Experiment) -> list[str]:
    """Name the methods of `external` that have no image yet.

    Raises:
        SettingsError: A folder does not exist.
    """
    settings = experiment.settings
    judged = experiment.studies(settings.subsets)
    without = []
    for name, folder in experiment.external_folders().items():
        if not folder.is_dir():
            raise SettingsError(f"the folder of the external method {name}", "no such folder", folder)
        if not any(_external_file(folder, study, dose) for study in judged for dose in settings.doses):
            without.append(name)
    return without


def evaluate_study(task: EvaluationTask, advance: Advance) -> None:
    """Judge one study, write its rows, and map what of the restored images the measurement contradicts."""
    prepared = read_prepared(task.files)
    grid = read_volume(task.files.pre_contrast)
    judge = StudyJudge(prepared, task.subset, task.regions)
    for index, dose in enumerate(task.doses):
        advance(index / len(task.doses), f"{task.study.name} at {dose_label(dose)}")
        low_dose = task.low_doses.at(prepared, dose)
        sigma = low_dose.simulator.sigma
        if dose in task.maps:
            task.maps[dose].unlink(missing_ok=True)
        for method, image in judged_images(task.images, prepared, low_dose.image, dose, sigma, grid):
            consistency = judge.judge(image, method, low_dose)
            if method == RESTORED and consistency is not None:
                contradicted = Volume(consistency.error, in_transverse_order(grid).affine)
                write_volume(task.maps[dose], in_order_of(contradicted, grid))
            if method == RESTORED and task.images.half_width[dose].exists():
                half_width = read_like(task.images.half_width[dose], grid, needs_contrast=False)
                judge.judge_interval(image, half_width, dose)
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
    return gathered


def _task(experiment: Experiment, study: Study) -> EvaluationTask:
    settings, folder = experiment.settings, experiment.folder
    doses = judged_doses(experiment, study)
    external = {
        name: {dose: path for dose in doses if (path := _external_file(where, study, dose)) is not None}
        for name, where in experiment.external_folders().items()
    }
    return EvaluationTask(
        study=study,
        subset=experiment.subsets[study.patient],
        files=prepared_files(experiment, study),
        images=StudyImages(
            baselines=folder.baselines,
            restored={dose: restored_file(experiment, study, dose) for dose in doses},
            half_width={dose: half_width_file(experiment, study, dose) for dose in doses},
            external=external,
        ),
        doses=doses,
        low_doses=low_doses(experiment, study),
        regions=settings.cohort.regions,
        maps={dose: _map_file(experiment, study, dose) for dose in doses if dose > 0},
        tables={name: folder.scores(study.name, name) for name in TABLES},
    )


def _map_file(experiment: Experiment, study: Study, dose: float) -> Path:
    folder = experiment.folder.restored(study.patient, study.session)
    return folder / f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}contradicted_T1w.nii.gz"


def _external_file(folder: Path, study: Study, dose: float) -> Path | None:
    stem = f"{study.name}_*desc-{dose_label(dose)}_T1w"
    return next((path for suffix in (".nii.gz", ".nii") for path in sorted(folder.rglob(stem + suffix))), None)
