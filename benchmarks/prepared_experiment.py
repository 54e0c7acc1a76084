# SPDX-License-Identifier: Apache-2.0
"""Trainings for the benchmarks, on the prepared studies of an experiment."""

from __future__ import annotations

from pathlib import Path


def training_task(experiment_folder: Path, folder: Path, field, training, validation_doses, dose=None):
    """A training on the training studies, in the simulation of the experiment, that looks at its validation studies."""
    from lessgad.dose.simulation import study_simulator
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.study_files import prepared_files
    from lessgad.field.checkpoint import ModelDescription
    from lessgad.pipeline.usable import usable_studies
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.training.patch_source import PatchSource
    from lessgad.training.trainer import TrainingTask
    from lessgad.training.validation import ValidationSlices

    experiment = open_experiment(experiment_folder)
    settings = experiment.settings

    def prepared(subset):
        for study in usable_studies(experiment, subset):
            one = read_prepared(prepared_files(experiment, study))
            yield one, one.tumor(settings.cohort.regions), study_simulator(one, settings.simulation)

    folder.mkdir(parents=True, exist_ok=True)
    return TrainingTask(
        folder=folder,
        description=ModelDescription(
            field=field,
            dose=dose,
            simulation=settings.simulation,
            preparation=settings.preparation,
            cohort_fingerprint="benchmark",
            training=training.model_dump(mode="json"),
        ),
        settings=training,
        studies=[PatchSource.of(*one) for one in prepared("train")],
        validation=[ValidationSlices.of(*one, 8, field.n_neighbor_slices) for one in prepared("validation")],
        validation_doses=validation_doses,
        fingerprint="benchmark",
    )
