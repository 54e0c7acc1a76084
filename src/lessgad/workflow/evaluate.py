# SPDX-License-Identifier: Apache-2.0
"""Stage evaluate: every method at every dose against the standard dose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.dose.simulation import SimulationSettings, simulated_low_dose
from lessgad.dose_fraction import dose_label
from lessgad.errors import SettingsError, StudyError
from lessgad.evaluation.similarity import Area, bounding_box, similarity
from lessgad.evaluation.similarity_csv import SimilarityRow, read_similarity, write_similarity
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy, Regions, read_prepared
from lessgad.restoration.baselines import subtract_and_scale
from lessgad.volume import check_same_grid, in_transverse_order, read_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import prepared_files
from lessgad.workflow.restore import plan_restoration, restored_file
from lessgad.workflow.unit import Advance, Unit, unit_state

VERSION = 1
EXTERNAL_IMAGE = "sub-P[_ses-S]_…desc-dose10_T1w.nii.gz"


@dataclass(frozen=True)
class EvaluationTask:
    """What a worker needs to judge one study.

    Attributes:
        study: Whose.
        subset: Of its patient.
        files: Its prepared images.
        doses: To judge.
        simulation: How low doses are made.
        regions: Label values of each region.
        restored: Image of each dose.
        external: Images of other methods, by name and dose; what is missing is not judged.
        scores: Where the figures go.
    """

    study: Study
    subset: Subset
    files: PreparedFiles
    doses: tuple[float, ...]
    simulation: SimulationSettings
    regions: Regions
    restored: dict[float, Path]
    external: dict[str, dict[float, Path]]
    scores: Path


def plan_evaluation(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study that is restored."""
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
            subset=task.subset,
            regions=task.regions,
            external={
                name: {dose_label(dose): experiment.hashes.of(path) for dose, path in images.items()}
                for name, images in task.external.items()
            },
        )
        work = partial(evaluate_study, task)
        units.append(Unit("evaluate", study.name, f"evaluation of {study.name}", mark, work, (task.scores,)))
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


def evaluate_study(task: EvaluationTask, _advance: Advance) -> None:
    """Judge one study and write its rows."""
    write_similarity(task.scores, _rows(task))


def gather_similarity(experiment: Experiment) -> list[SimilarityRow]:
    """Put the rows of all studies into ``results/similarity.csv``."""
    done = [unit for unit in plan_evaluation(experiment) if unit_state(experiment.folder, unit) == "done"]
    rows = [row for unit in done for row in read_similarity(experiment.folder.scores(unit.name))]
    write_similarity(experiment.folder.similarity, rows)
    return rows


def areas_of(study: PreparedStudy, regions: Regions) -> dict[Area, np.ndarray]:
    """Say where a study is judged: the tumor's box and the tumor, where it has one, and the head."""
    tumor = study.tumor(regions)
    areas: dict[Area, np.ndarray] = {} if tumor is None else {"tumor_box": bounding_box(tumor), "tumor": tumor}
    return {**areas, "head": study.head}


def _task(experiment: Experiment, study: Study) -> EvaluationTask:
    settings = experiment.settings
    external = {
        name: {dose: path for dose in settings.doses if (path := _external_file(folder, study, dose)) is not None}
        for name, folder in experiment.external_folders().items()
    }
    return EvaluationTask(
        study=study,
        subset=experiment.subsets[study.patient],
        files=prepared_files(experiment, study),
        doses=settings.doses,
        simulation=settings.simulation,
        regions=settings.cohort.regions,
        restored={dose: restored_file(experiment, study, dose) for dose in settings.doses},
        external=external,
        scores=experiment.folder.scores(study.name),
    )


def _external_file(folder: Path, study: Study, dose: float) -> Path | None:
    stem = f"{study.name}_*desc-{dose_label(dose)}_T1w"
    return next((path for suffix in (".nii.gz", ".nii") for path in sorted(folder.rglob(stem + suffix))), None)


def _rows(task: EvaluationTask) -> list[SimilarityRow]:
    prepared = read_prepared(task.files)
    areas = areas_of(prepared, task.regions)
    rows = []
    for dose in task.doses:
        for method, image in _images(task, prepared, dose):
            rows += [
                SimilarityRow(
                    patient=task.study.patient,
                    session=task.study.session,
                    subset=task.subset,
                    dose=dose,
                    method=method,
                    area=score.area,
                    psnr_db=score.psnr_db,
                    ssim=score.ssim,
                )
                for score in similarity(image, prepared.standard_dose, areas)
            ]
    return rows


def _images(task: EvaluationTask, prepared: PreparedStudy, dose: float) -> Iterator[tuple[str, np.ndarray]]:
    """Every method's image at one dose, one at a time."""
    low_dose = simulated_low_dose(prepared, dose, task.simulation)
    yield "unrestored", low_dose
    if dose > 0:
        yield "subtract_and_scale", np.clip(subtract_and_scale(prepared.pre_contrast, low_dose, dose), -1, 1)
    yield "restored", _read_like(task.restored[dose], task)
    for name, images in task.external.items():
        if dose in images:
            yield name, _checked_scale(_read_like(images[dose], task), images[dose])


def _read_like(path: Path, task: EvaluationTask) -> np.ndarray:
    volume = read_volume(path)
    check_same_grid(
        in_transverse_order(volume),
        in_transverse_order(read_volume(task.files.pre_contrast)),
        "an image on the grid of the T1w",
        path,
    )
    return in_transverse_order(volume).array


def _checked_scale(image: np.ndarray, path: Path) -> np.ndarray:
    """An image of another method must be on the scale of prepared/: [−1, 1]."""
    lowest, highest = float(image.min()), float(image.max())
    if lowest < -1.5 or highest > 1.5:
        raise StudyError(
            "an image on [−1, 1], as those in prepared/",
            f"intensities from {lowest:g} to {highest:g}",
            path,
            "Make it from the images in prepared/, or take it to their scale",
        )
    return np.clip(image, -1, 1)
