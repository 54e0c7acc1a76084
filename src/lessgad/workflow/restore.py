# SPDX-License-Identifier: Apache-2.0
"""Stage restore: every dose of every study that is judged."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label, percent
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_study import read_prepared
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import plan_preparation, prepared_files
from lessgad.workflow.train import model_of_dose, plan_training
from lessgad.workflow.unit import Advance, Unit, unit_state

VERSION = 1


def plan_restoration(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study of the subsets that are judged, all doses in it."""
    settings = experiment.settings
    models = {unit.name: unit.fingerprint for unit in plan_training(experiment)}
    preparations = {unit.name: unit for unit in plan_preparation(experiment)}
    units = []
    for study in experiment.studies(settings.subsets):
        preparation = preparations[study.name]
        if unit_state(experiment.folder, preparation) == "failed":
            continue
        mark = fingerprint(
            VERSION,
            prepared=preparation.fingerprint,
            models=models,
            doses=settings.doses,
            simulation=settings.simulation.model_dump(mode="json"),
            restoration=settings.restoration.model_dump(mode="json"),
        )
        work = partial(restore_study, experiment, study)
        outputs = tuple(restored_file(experiment, study, dose) for dose in settings.doses)
        units.append(Unit("restore", study.name, f"restoration of {study.name}", mark, work, outputs))
    return units


def restored_file(experiment: Experiment, study: Study, dose: float) -> Path:
    """Say where the image restored from a dose lies."""
    folder = experiment.folder.restored(study.patient, study.session)
    return folder / f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}_T1w.nii.gz"


def restore_study(experiment: Experiment, study: Study, advance: Advance) -> None:
    """Simulate a study at each dose, restore it, and write it on [−1, 1], on the grid of its T1."""
    from lessgad.dose.simulation import simulated_low_dose
    from lessgad.restoration.restorer import Restorer
    from lessgad.restoration.volumes import restore_volume

    settings = experiment.settings
    files = prepared_files(experiment, study)
    prepared = read_prepared(files)
    grid = read_volume(files.pre_contrast)
    affine = in_transverse_order(grid).affine
    restorers: dict[str, Restorer] = {}
    for index, dose in enumerate(settings.doses):
        advance(index / len(settings.doses), f"{study.name} from {percent(dose)}")
        model = model_of_dose(experiment, dose)
        if model not in restorers:
            restorers = {model: Restorer.load(experiment.folder.model(model), settings.restoration)}
        low_dose = simulated_low_dose(prepared, dose, settings.simulation)
        restored = restore_volume(
            restorers[model].field,
            {"pre_contrast": prepared.pre_contrast, "low_dose": low_dose},
            dose,
            prepared.head_box,
            prepared.spacing_mm,
            settings.restoration,
        )
        on_grid = in_order_of(Volume(restored.astype(np.float32), affine), grid)
        write_volume(restored_file(experiment, study, dose), on_grid)
