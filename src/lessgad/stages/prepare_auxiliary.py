# SPDX-License-Identifier: Apache-2.0
"""Further images of a study in the stage prepare: its measured low doses, its T2; each a unit of its own.

A failure or a change in one of them affects neither the pair nor models that were trained on pairs alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lessgad.cohort.acquisition import Acquisition, Sidecars, read_acquisition
from lessgad.cohort.selection import what_decides
from lessgad.cohort.study import Study
from lessgad.dose_fraction import percent
from lessgad.engine.unit import Doing, Unit
from lessgad.errors import CohortError, StudyError
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import scans
from lessgad.experiment.study_files import prepared_files
from lessgad.experiment.unit_names import prepared_repeat, prepared_scan, prepared_t2
from lessgad.preparation.auxiliary_files import description_of, write_auxiliary_image
from lessgad.preparation.scan_checks import OrientationUnknown, check_scan
from lessgad.preparation.settings import PreparationSettings
from lessgad.preparation.unlike_pair import check_alike
from lessgad.volume import Volume, in_transverse_order, read_volume

if TYPE_CHECKING:
    from lessgad.preparation.auxiliary_image import AuxiliaryImage

VERSION = 8


@dataclass(frozen=True)
class AuxiliaryTask:
    """What a worker needs to prepare one image of a study.

    Attributes:
        what: Description for display: "scan at 10 % of the dose".
        pre_contrast: T1 of the study.
        found: The image; more than one is an error.
        target: File for the result.
        acquisitions: Acquisition parameters of the T1 and of a low dose; the error where a sidecar cannot be read; None
            for a T2.
        settings: Settings of the preparation.
        orientation_unknown: What becomes of an image whose header does not say how it lies in space.
        n_threads: Number of threads of the registration.
    """

    what: str
    pre_contrast: Path
    found: tuple[Path, ...]
    target: Path
    acquisitions: tuple[Acquisition, Acquisition] | CohortError | None
    settings: PreparationSettings
    orientation_unknown: OrientationUnknown
    n_threads: int


def units(experiment: Experiment, n_threads: int = 1) -> list[Unit]:
    """Make one unit for each image that the settings ask for.

    T2 of every study; of those that are evaluated, scans at low doses and a second one at the standard dose. Low doses
    of validation patients too, for on these the limits of models are found.

    Args:
        experiment: The opened experiment.
        n_threads: Number of threads of the registration.

    Returns:
        The units.
    """
    found = []
    if "t2" in experiment.settings.field.inputs:
        for study in experiment.cohort.studies:
            if study.t2:
                target = prepared_files(experiment, study).t2
                found.append(_unit(experiment, study, prepared_t2(study), "T2", study.t2, target, n_threads))
    for study in experiment.studies(experiment.settings.subsets):
        if study.repeats:
            what, target = "second scan at the standard dose", prepared_files(experiment, study).repeat
            found.append(_unit(experiment, study, prepared_repeat(study), what, study.repeats[:1], target, n_threads))
    for study in experiment.studies([*experiment.settings.subsets, "validation"]):
        for dose, images in scans(experiment, study).items():
            what, target = f"scan at {percent(dose)} of the dose", prepared_files(experiment, study).low_dose(dose)
            found.append(_unit(experiment, study, prepared_scan(study, dose), what, images, target, n_threads))
    return found


def _unit(
    experiment: Experiment, study: Study, key: str, what: str, found: tuple[Path, ...], target: Path, n_threads: int
) -> Unit:
    settings, sidecars = experiment.settings.preparation, experiment.sidecars
    acquisitions = None if what == "T2" else _acquisitions(study.pre_contrast, found[0], sidecars)
    trusted = experiment.settings.cohort.orientation_unknown
    task = AuxiliaryTask(what, study.pre_contrast, found, target, acquisitions, settings, trusted, n_threads)
    spelled: object = str(acquisitions)
    if isinstance(acquisitions, tuple):
        spelled = [asdict(acquisition) for acquisition in acquisitions]
    hashes = {path: experiment.hashes.of(path) for path in (study.pre_contrast, *found)}
    stage, _, name = key.partition("/")
    return Unit(
        stage,
        name,
        f"preparation of {name}",
        VERSION,
        {
            "settings": settings.model_dump(mode="json"),
            "pre_contrast": hashes[study.pre_contrast],
            "orientation_unknown": trusted,
            "found": [hashes[path] for path in found],
            "acquisitions": spelled,
        },
        partial(prepare_auxiliary, task),
        outputs=(target, description_of(target)),
        subject=study.name,
        sources=tuple(hashes.items()),
        stands_on=experiment.cohort.root,
    )


def _acquisitions(
    pre_contrast: Path, low_dose: Path, sidecars: Sidecars
) -> tuple[Acquisition, Acquisition] | CohortError:
    try:
        return read_acquisition(pre_contrast, sidecars), read_acquisition(low_dose, sidecars)
    except CohortError as error:
        return error


def prepare_auxiliary(task: AuxiliaryTask, _doing: Doing) -> None:
    """Prepare one image of a study and write it.

    Args:
        task: What to prepare.
        _doing: Not used.

    Raises:
        StudyError: There are several, or it cannot be registered or calibrated, or differs in more than contrast.
        VolumeError: A file cannot be used.
        CohortError: A sidecar cannot be read.
    """
    from lessgad.preparation.auxiliary_image import prepare_low_dose, prepare_t2

    if len(task.found) > 1:
        names = ", ".join(path.name for path in task.found)
        raise StudyError(
            f"There are {len(task.found)} candidates for the {task.what}: {names}", remedy=what_decides(task.found)
        )
    if isinstance(task.acquisitions, CohortError):
        raise task.acquisitions
    if task.acquisitions is not None:
        check_alike(*task.acquisitions, task.settings, other="low dose")
    grid, found = read_volume(task.pre_contrast, own=True), read_volume(task.found[0])
    check_scan(grid, "T1", task.orientation_unknown, task.settings.noise_floor)
    cautions = check_scan(found, task.what, task.orientation_unknown, task.settings.noise_floor)
    pre_contrast, scan = in_transverse_order(grid), in_transverse_order(found)
    if task.acquisitions is None:
        prepared = prepare_t2(pre_contrast, scan, task.settings, task.n_threads)
        description = prepared.description()
    else:
        prepared = prepare_low_dose(pre_contrast, scan, task.settings, task.n_threads)
        description = {**prepared.description(), "noise": _noise(task.what, scan, prepared)}
    write_auxiliary_image(task.target, prepared.image, grid, {**description, "cautions": cautions})


def _noise(what: str, scan: Volume, prepared: AuxiliaryImage) -> dict[str, object] | None:
    """σ of a low dose before any resampling, on the scale of [−1, 1]; None where it could not be found."""
    from lessgad.dose.source_pair import noise_of_scan
    from lessgad.preparation.head import head_mask

    image = scan.array.astype(np.float32)
    own = 1.0 if prepared.to_pre_contrast is None else prepared.to_pre_contrast.scale
    unit = own * prepared.normalization.length_of(1.0)
    level = noise_of_scan(what, image, head_mask(image, scan.spacing_mm), unit, required=False)
    return None if level is None else asdict(level)
