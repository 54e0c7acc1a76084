# SPDX-License-Identifier: Apache-2.0
"""Further images of a study in the stage prepare: its measured low doses, its T2; each a unit of its own.

What fails or changes in one of them leaves the pair, and what was trained on pairs alone, as it is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lessgad.cohort.acquisition import Acquisition, read_acquisition
from lessgad.cohort.selection import what_decides
from lessgad.cohort.sequence_class import difference
from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label, percent
from lessgad.errors import CohortError, StudyError
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_companion import description_of, read_companion, write_companion
from lessgad.preparation.prepared_study import PreparedStudy, read_prepared
from lessgad.preparation.scan_checks import OrientationUnknown, check_scan
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume, in_transverse_order, read_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import KEEP_IT, prepared_files
from lessgad.workflow.unit import Advance, Unit, unit_state

if TYPE_CHECKING:
    from lessgad.preparation.companion import PreparedCompanion

VERSION = 2


@dataclass(frozen=True)
class CompanionTask:
    """What a worker needs to prepare one image of a study.

    Attributes:
        what: For people: "scan at 10 % of the dose".
        pre_contrast: T1 of the study.
        found: The image; more than one is an error.
        target: Where the result goes.
        acquisitions: Of the T1 and of a low dose; the error where a sidecar cannot be read; None for a T2.
        settings: How.
        orientation_unknown: What becomes of an image whose header does not say how it lies in space.
        n_threads: Of the registration.
    """

    what: str
    pre_contrast: Path
    found: tuple[Path, ...]
    target: Path
    acquisitions: tuple[Acquisition, Acquisition] | CohortError | None
    settings: PreparationSettings
    orientation_unknown: OrientationUnknown
    n_threads: int


def plan_companions(experiment: Experiment, n_threads: int = 1) -> list[Unit]:
    """Give one unit for each image that the settings ask for: T2 of every study, low doses of those that are judged.

    Low doses of validation patients too, for on these the limits of models are found.
    """
    t2 = (t2_unit(experiment, study, n_threads) for study in experiment.cohort.studies)
    units = [unit for unit in t2 if unit is not None]
    for study in experiment.studies([*experiment.settings.subsets, "validation"]):
        units += low_dose_units(experiment, study, n_threads).values()
    return units


def t2_unit(experiment: Experiment, study: Study, n_threads: int = 1) -> Unit | None:
    """Give the unit that prepares the T2 of a study; None where it has none, or no field sees one."""
    if "t2" not in experiment.settings.field.inputs or not study.t2:
        return None
    return _unit(experiment, study, "T2w", "T2", study.t2, prepared_files(experiment, study).t2, n_threads)


def low_dose_units(experiment: Experiment, study: Study, n_threads: int = 1) -> dict[float, Unit]:
    """Give a unit for each dose of the experiment that the study was scanned at; none where doses are simulated."""
    if experiment.settings.low_dose == "simulated":
        return {}
    files = prepared_files(experiment, study)
    return {
        dose: _unit(
            experiment,
            study,
            f"acq-{dose_label(dose)}",
            f"scan at {percent(dose)} of the dose",
            study.low_doses[dose_label(dose)],
            files.low_dose(dose),
            n_threads,
        )
        for dose in experiment.settings.doses
        if dose > 0 and dose_label(dose) in study.low_doses
    }


def usable_t2(experiment: Experiment, study: Study) -> Unit | None:
    """Give the unit of the T2, unless it failed: then the study goes on without."""
    unit = t2_unit(experiment, study)
    return None if unit is None or unit_state(experiment.folder, unit) == "failed" else unit


def read_study(experiment: Experiment, study: Study) -> PreparedStudy:
    """Read a prepared study, with its T2 where the field sees one and the study has it.

    Raises:
        VolumeError: A file is missing or damaged.
    """
    prepared = read_prepared(prepared_files(experiment, study))
    unit = usable_t2(experiment, study)
    return prepared if unit is None else replace(prepared, t2=read_companion(unit.outputs[0])[0])


def _unit(
    experiment: Experiment, study: Study, label: str, what: str, found: tuple[Path, ...], target: Path, n_threads: int
) -> Unit:
    settings, root = experiment.settings.preparation, experiment.cohort.root
    acquisitions = None if label == "T2w" else _acquisitions(study.pre_contrast, found[0], root)
    trusted = experiment.settings.cohort.orientation_unknown
    task = CompanionTask(what, study.pre_contrast, found, target, acquisitions, settings, trusted, n_threads)
    spelled: object = str(acquisitions)
    if isinstance(acquisitions, tuple):
        spelled = [asdict(acquisition) for acquisition in acquisitions]
    mark = fingerprint(
        VERSION,
        settings=settings.model_dump(mode="json"),
        pre_contrast=experiment.hashes.of(study.pre_contrast),
        orientation_unknown=trusted,
        found=[experiment.hashes.of(path) for path in found],
        acquisitions=spelled,
    )
    name = f"{study.name}_{label}"
    outputs = (target, description_of(target))
    return Unit(
        "prepare", name, f"preparation of {name}", mark, partial(prepare_companion, task), outputs, of_study=True
    )


def _acquisitions(pre_contrast: Path, low_dose: Path, root: Path) -> tuple[Acquisition, Acquisition] | CohortError:
    try:
        return read_acquisition(pre_contrast, root), read_acquisition(low_dose, root)
    except CohortError as error:
        return error


def prepare_companion(task: CompanionTask, _advance: Advance) -> None:
    """Prepare one image of a study and write it.

    Raises:
        StudyError: There are several, or it cannot be registered or calibrated, or differs in more than contrast.
        VolumeError: A file cannot be used.
        CohortError: A sidecar cannot be read.
    """
    from lessgad.preparation.companion import prepare_low_dose, prepare_t2

    if len(task.found) > 1:
        names = ", ".join(path.name for path in task.found)
        raise StudyError(f"one {task.what}", f"{len(task.found)}: {names}", remedy=what_decides(task.found))
    if isinstance(task.acquisitions, CohortError):
        raise task.acquisitions
    unlike = None if task.acquisitions is None else difference(*task.acquisitions)
    if unlike is not None and task.settings.unlike_pairs == "exclude":
        raise StudyError(
            "a low dose that differs from its T1 in contrast alone", unlike.replace("T1ce", "low dose"), remedy=KEEP_IT
        )
    grid, found = read_volume(task.pre_contrast), read_volume(task.found[0])
    check_scan(grid, "T1", task.orientation_unknown)
    cautions = check_scan(found, task.what, task.orientation_unknown)
    pre_contrast, scan = in_transverse_order(grid), in_transverse_order(found)
    if task.acquisitions is None:
        prepared = prepare_t2(pre_contrast, scan, task.settings, task.n_threads)
        description = prepared.description()
    else:
        prepared = prepare_low_dose(pre_contrast, scan, task.settings, task.n_threads)
        description = {**prepared.description(), "noise": _noise(task.what, scan, prepared)}
    write_companion(task.target, prepared.image, grid, {**description, "cautions": cautions})


def _noise(what: str, scan: Volume, prepared: PreparedCompanion) -> dict[str, object] | None:
    """σ of a low dose before any resampling, on the scale of [−1, 1]; None where it could not be found."""
    from lessgad.preparation.head import head_mask
    from lessgad.workflow.clean_end_points import noise_of_scan

    image = scan.array.astype(np.float32)
    own = 1.0 if prepared.to_pre_contrast is None else prepared.to_pre_contrast.scale
    unit = own * prepared.normalisation.length_of(1.0)
    level = noise_of_scan(what, image, head_mask(image, scan.spacing_mm), unit, required=False)
    return None if level is None else asdict(level)
