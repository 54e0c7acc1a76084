# SPDX-License-Identifier: Apache-2.0
"""What a trained model knows of its own limits: how far off it may be, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.preparation.prepared_study import read_prepared
from lessgad.workflow.companions import read_study
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import prepared_files

if TYPE_CHECKING:
    from lessgad.training.trainer import TrainingTask

#: Where intervals of a model for all doses are calibrated; between them the factor is interpolated.
INTERVAL_DOSES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


def write_model_limits(experiment: Experiment, task: TrainingTask, studies: Mapping[Subset, Sequence[Study]]) -> None:
    """Calibrate intervals of the best weights, judge their guess at dose 0, tune the anchor; note what training saw.

    All but the last on validation patients: without them nothing can be promised, and there is none of these.
    """
    from lessgad.field.checkpoint import load_field
    from lessgad.restoration.anchor import write_anchor
    from lessgad.restoration.guess import write_guess
    from lessgad.restoration.intervals import write_intervals
    from lessgad.restoration.training_range import write_training_range
    from lessgad.training.anchor_tuning import Slab, tune_anchor
    from lessgad.training.guess_judgement import judge_guess
    from lessgad.training.interval_calibration import calibrate_intervals
    from lessgad.training.seen_range import seen_range

    settings = experiment.settings
    if task.validation:
        field, description = load_field(task.folder)
        doses = INTERVAL_DOSES if description.dose is None else (description.dose,)
        calibration = calibrate_intervals(field, task.validation, doses, settings.restoration)
        write_intervals(task.folder, calibration)
        if 0.0 in doses:
            write_guess(task.folder, judge_guess(field, task.validation, settings.restoration))
        if "pre_contrast" in settings.field.inputs and settings.simulation.adds_noise:
            looked_at = [read_study(experiment, study) for study in studies["validation"]]
            slabs = [Slab.of(study, study.tumor(settings.cohort.regions), settings.simulation) for study in looked_at]
            write_anchor(task.folder, tune_anchor(field, slabs, doses, settings.restoration))
    seen = [read_prepared(prepared_files(experiment, study)) for subset in studies for study in studies[subset]]
    write_training_range(
        task.folder, seen_range(seen, settings.simulation, sees_neighbors=settings.field.n_neighbor_slices > 0)
    )
