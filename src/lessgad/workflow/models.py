# SPDX-License-Identifier: Apache-2.0
"""Stage train: each training, then the limits of what was trained."""

from __future__ import annotations

from lessgad.training.processes import ALONE, Processes
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.model_limits import SUFFIX, plan_limits
from lessgad.workflow.train import plan_training
from lessgad.workflow.unit import Unit


def plan_models(experiment: Experiment, processes: Processes = ALONE) -> list[Unit]:
    """Give a unit for the training of each model, by all processes, and after it one for its limits."""
    trainings = plan_training(experiment, processes)
    if experiment.settings.training.models == "pretrained":
        return trainings  # its limits came with it
    return [unit for pair in zip(trainings, plan_limits(experiment, trainings), strict=True) for unit in pair]


def model_of(unit: Unit) -> str:
    """Name the model that a unit of the stage is about."""
    return unit.name.removesuffix(SUFFIX)
