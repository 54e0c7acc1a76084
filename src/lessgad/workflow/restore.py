# SPDX-License-Identifier: Apache-2.0
"""Stage restore: every dose of every study that is judged."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.dose.simulation import study_simulator
from lessgad.dose_fraction import dose_label, percent
from lessgad.experiment.fingerprint import fingerprint
from lessgad.field.presets import CONTEXT_OF_KERNEL
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume
from lessgad.workflow.companions import read_study, usable_t2
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.low_doses import LowDose, judged_doses, low_doses, measured_marks
from lessgad.workflow.models import plan_models
from lessgad.workflow.prepare import plan_preparation, prepared_files
from lessgad.workflow.train import model_of_dose, usable_studies
from lessgad.workflow.tuning_scans import scans_marks, tuning_scans
from lessgad.workflow.unit import Advance, Unit, unit_state

if TYPE_CHECKING:
    from lessgad.restoration.restorer import Restorer

Image = Float[np.ndarray, "x y z"]
VERSION = 5
BASELINES_VERSION = 2
BASELINES = "baselines"


def plan_restoration(experiment: Experiment) -> list[Unit]:
    """Give one unit for the tuning of the baselines, and one for each study that is judged, all its doses in it."""
    settings = experiment.settings
    models = {unit.name: unit.fingerprint for unit in plan_models(experiment)}
    preparations = {unit.name: unit for unit in plan_preparation(experiment)}
    units = [baselines_unit(experiment)]
    for study in experiment.studies(settings.subsets):
        preparation = preparations[study.name]
        doses = judged_doses(experiment, study)
        if unit_state(experiment.folder, preparation) == "failed" or not doses:
            continue
        t2 = usable_t2(experiment, study)
        mark = fingerprint(
            VERSION,
            prepared=preparation.fingerprint,
            models=models,
            doses=settings.doses,
            simulation=settings.simulation.model_dump(mode="json"),
            restoration=settings.restoration.model_dump(mode="json"),
            **measured_marks(experiment, study),
            **({} if t2 is None else {"t2": t2.fingerprint}),
        )
        work = partial(restore_study, experiment, study)
        outputs = tuple(restored_file(experiment, study, dose) for dose in doses)
        units.append(Unit("restore", study.name, f"restoration of {study.name}", mark, work, outputs, of_study=True))
    return units


def baselines_unit(experiment: Experiment) -> Unit:
    """Give the unit that tunes the baselines, on validation patients, or on those of training where there are none."""
    settings = experiment.settings
    subset = _tuning_subset(experiment)
    studies = usable_studies(experiment, subset)
    usable = {study.name for study in studies}
    scans = scans_marks(experiment, studies) if subset == "validation" else {}
    mark = fingerprint(
        BASELINES_VERSION,
        studies=[unit.fingerprint for unit in plan_preparation(experiment) if unit.name in usable],
        doses=settings.doses,
        regions=settings.cohort.regions,
        simulation=settings.simulation.model_dump(mode="json"),
        **scans,
    )
    work = partial(tune_on, experiment, subset)
    return Unit("restore", BASELINES, "tuning of the baselines", mark, work, (experiment.folder.baselines,))


def _tuning_subset(experiment: Experiment) -> Subset:
    """Validation patients, else training patients; test patients where nothing is trained, which favors baselines."""
    order: tuple[Subset, ...] = ("validation", "train", "test")
    return next((subset for subset in order if usable_studies(experiment, subset)), "test")


def tune_on(experiment: Experiment, subset: Subset, advance: Advance) -> None:
    """Choose how strong the baselines are at each dose."""
    from lessgad.restoration.baseline_strengths import tune_baselines, write_strengths
    from lessgad.training.validation import ValidationSlices

    settings = experiment.settings
    advance(0.0, BASELINES)
    slices = []
    for scans in tuning_scans(experiment, usable_studies(experiment, subset)):
        study = scans.study
        simulator, tumor = study_simulator(study, settings.simulation), study.tumor(settings.cohort.regions)
        truly = scans if scans.scanned and subset == "validation" else None
        how = settings.training.n_validation_slices, CONTEXT_OF_KERNEL, truly
        slices.append(ValidationSlices.of(study, tumor, simulator, *how))
    write_strengths(experiment.folder.baselines, tune_baselines(slices, settings.doses))


def restored_file(experiment: Experiment, study: Study, dose: float) -> Path:
    """Say where the image restored from a dose lies."""
    folder = experiment.folder.restored(study.patient, study.session)
    return folder / f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}_T1w.nii.gz"


def half_width_file(experiment: Experiment, study: Study, dose: float) -> Path:
    """Say where the half-width of the intervals of a restored image lies; not written by models without intervals."""
    image = restored_file(experiment, study, dose)
    return image.with_name(image.name.replace("_T1w", "halfwidth_T1w"))


def remove_restored(experiment: Experiment, study: Study, dose: float) -> None:
    """Remove what was made of a dose that the study does not have any more."""
    image = restored_file(experiment, study, dose)
    for kind in ("", "halfwidth", "contradicted"):
        image.with_name(image.name.replace("_T1w", f"{kind}_T1w")).unlink(missing_ok=True)


def restore_study(experiment: Experiment, study: Study, advance: Advance) -> None:
    """Restore a study from each dose that it has, and write it on [−1, 1], on the grid of its T1."""
    from lessgad.restoration.restorer import Restorer

    settings = experiment.settings
    files = prepared_files(experiment, study)
    prepared, source = read_study(experiment, study), low_doses(experiment, study)
    doses = judged_doses(experiment, study)
    for dose in set(settings.doses) - set(doses):  # of an earlier run, when low doses were simulated
        remove_restored(experiment, study, dose)
    grid = read_volume(files.pre_contrast)
    affine = in_transverse_order(grid).affine
    restorers: dict[str, Restorer] = {}
    for index, dose in enumerate(doses):
        advance(index / len(doses), f"{study.name} from {percent(dose)}")
        model = model_of_dose(experiment, dose)
        if model not in restorers:
            restorers = {model: Restorer.load(experiment.folder.model(model), settings.restoration)}
        restored, half_width = restore_low_dose(restorers[model], prepared, source.at(prepared, dose))
        path = half_width_file(experiment, study, dose)
        path.unlink(missing_ok=True)
        if half_width is not None:
            write_volume(path, in_order_of(Volume(half_width, affine), grid))
        write_volume(restored_file(experiment, study, dose), in_order_of(Volume(restored, affine), grid))


def restore_low_dose(restorer: Restorer, study: PreparedStudy, low_dose: LowDose) -> tuple[Image, Image | None]:
    """Restore one low dose of a prepared study.

    Returns:
        The image on [−1, 1], and the half-width of its intervals; None where the model was not calibrated.
    """
    from lessgad.restoration.scan_facts import scan_facts
    from lessgad.restoration.volumes import restore_volume

    images = {"pre_contrast": study.pre_contrast, "low_dose": low_dose.image}
    if study.t2 is not None:
        images["t2"] = study.t2
    volume = restore_volume(
        restorer.field,
        images,
        low_dose.dose,
        study.head_box,
        study.spacing_mm,
        restorer.settings,
        scan_facts(study, low_dose.simulator, scanned=low_dose.measured),
    )
    if restorer.intervals is None:
        return volume.restored, None
    half_width = restorer.intervals.half_width(low_dose.dose, volume.half_width, volume.restored.shape)
    return volume.restored, half_width
