# SPDX-License-Identifier: Apache-2.0
"""Stage restore: every dose of every study that is evaluated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from lessgad.cohort.study import Study
from lessgad.dose.low_doses import LowDoses
from lessgad.dose_fraction import percent
from lessgad.engine.unit import Doing, Input, Unit
from lessgad.experiment.models import finds_limits, model_of_dose
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import StudyFiles, has_t2, read_once, study_files, t2_inputs
from lessgad.experiment.scanned import low_doses_at, planned_doses
from lessgad.experiment.study_files import half_width_file, restored_file
from lessgad.experiment.unit_names import limits, prepared, prepared_scan, prepared_t2, restored, trained
from lessgad.nifti_file import check_intensities
from lessgad.restoration.settings import RestorationSettings
from lessgad.volume import Volume, in_order_of, in_transverse_order, write_volume

if TYPE_CHECKING:
    from lessgad.restoration.restorer import Restorer

VERSION = 9


@dataclass(frozen=True)
class RestorationTask:
    """What a worker needs to restore one dose of a study.

    Attributes:
        study: The files of the study, with its T2 where it has one and the field sees it.
        t2: The unit that prepares the T2.
        dose: Fraction of the standard dose.
        low_doses: Source of the low dose.
        model: Folder of the model.
        weights: The last unit that makes the model: with another fingerprint it is another model.
        settings: Settings of the restoration.
        image: File for the restored image.
        half_width: File for the half-width of the intervals; used by models with intervals.
    """

    study: StudyFiles
    t2: str
    dose: float
    low_doses: LowDoses
    model: Path
    weights: str
    settings: RestorationSettings
    image: Path
    half_width: Path


def units(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study that is evaluated and each of its doses."""
    studies = experiment.studies(experiment.settings.subsets)
    return [_unit(experiment, study, dose) for study in studies for dose in planned_doses(experiment, study)]


def _unit(experiment: Experiment, study: Study, dose: float) -> Unit:
    settings, model = experiment.settings, model_of_dose(experiment.settings, dose)
    made_by = [trained(model), limits(model)] if finds_limits(settings) else [trained(model)]
    usable_t2 = {prepared_t2(study)} if has_t2(experiment, study) else set()
    task = RestorationTask(
        study=study_files(experiment, study, usable_t2),
        t2=prepared_t2(study),
        dose=dose,
        low_doses=low_doses_at(experiment, study, dose),
        model=experiment.folder.model(model),
        weights=made_by[-1],
        settings=settings.restoration,
        image=restored_file(experiment, study, dose),
        half_width=half_width_file(experiment, study, dose),
    )
    inputs = [Input(prepared(study), "else left out"), *map(Input, made_by)]
    inputs += t2_inputs(experiment, study)
    if settings.low_dose == "measured" and dose > 0:
        inputs.append(Input(prepared_scan(study, dose), "else left out"))
    stage, _, name = restored(study, dose).partition("/")
    return Unit(
        stage,
        name,
        f"restoration of {study.name} from {percent(dose)}",
        VERSION,
        {
            "dose": dose,
            "simulation": settings.simulation.model_dump(mode="json"),
            "restoration": settings.restoration.model_dump(mode="json", exclude={"interval_patients"}),
        },
        partial(restore_dose, task),
        outputs=(task.image,),
        inputs=tuple(inputs),
        passing=(task.half_width,),
        subject=study.name,
    )


def restore_dose(task: RestorationTask, doing: Doing) -> None:
    """Restore a study from one dose, and write it on [−1, 1], on the grid of its T1.

    Args:
        task: What to restore.
        doing: Receives progress and tells what else the unit reads.
    """
    from lessgad.restoration.restore_low_dose import restore_low_dose

    of_study = task.study if task.t2 in doing.inputs else replace(task.study, t2=None)
    doing.advance(0.0, f"{of_study.study.name} from {percent(task.dose)}")
    study, grid = read_once(of_study, "".join(doing.inputs.get(key, "") for key in (prepared(of_study.study), task.t2)))
    affine = in_transverse_order(grid).affine
    restorer = _loaded(task.model, task.settings, doing.inputs[task.weights])
    image, half_width = restore_low_dose(restorer, study, task.low_doses.at(study, task.dose))
    check_intensities(image, task.image, needs_contrast=False)  # whoever reads the file does not look again
    task.half_width.unlink(missing_ok=True)
    if half_width is not None:
        write_volume(task.half_width, in_order_of(Volume(half_width, affine), grid))
    write_volume(task.image, in_order_of(Volume(image, affine), grid))


@lru_cache(maxsize=1)
def _loaded(model: Path, settings: RestorationSettings, _fingerprint: str) -> Restorer:
    """Load a model once for all the studies that one worker restores with it."""
    from lessgad.restoration.restorer import Restorer

    return Restorer.load(model, settings)
