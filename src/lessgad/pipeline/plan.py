# SPDX-License-Identifier: Apache-2.0
"""The plan of an experiment: the units of all its stages, made once."""

from __future__ import annotations

import os
from itertools import zip_longest

from lessgad.engine.plan import Plan
from lessgad.engine.records import Records
from lessgad.engine.standing import Standing
from lessgad.experiment.opened import Experiment
from lessgad.experiment.stage_names import STAGES, Stage
from lessgad.stages import (
    calibrate_model,
    evaluate,
    prepare,
    prepare_auxiliary,
    report,
    restore,
    segment,
    segmentation_model,
    train,
    tune_baselines,
)
from lessgad.training.processes import ALONE, Processes

MOST_WORKERS = 8


def plan_experiment(experiment: Experiment, processes: Processes = ALONE) -> Plan:
    """Plan every stage from settings, cohort and file hashes; each file is looked at once.

    Args:
        experiment: The opened experiment.
        processes: The processes that train together.

    Returns:
        The plan.
    """
    n_threads = threads_of_each(experiment)  # of a registration
    trainings, limits = train.units(experiment, processes), calibrate_model.units(experiment)
    plan = Plan(
        [
            *prepare.units(experiment, n_threads),
            *prepare_auxiliary.units(experiment, n_threads),
            *(unit for pair in zip_longest(trainings, limits) for unit in pair if unit is not None),
            *tune_baselines.units(experiment),
            *restore.units(experiment),
            *segmentation_model.units(experiment),
            *segment.units(experiment),
            *evaluate.units(experiment),
            *report.units(experiment),
        ]
    )
    experiment.hashes.save()
    return plan


def standing_of(experiment: Experiment, processes: Processes = ALONE) -> Standing:
    """Plan an experiment and compare the plan with the records.

    Args:
        experiment: The opened experiment.
        processes: The processes that train together.

    Returns:
        State of all units.
    """
    return Standing(plan_experiment(experiment, processes), Records(experiment.folder.state))


def stages_of(experiment: Experiment) -> tuple[Stage, ...]:
    """List the stages of an experiment: all, or all except segmentation if it is not asked for.

    Args:
        experiment: The opened experiment.

    Returns:
        The stages in order.
    """
    return tuple(stage for stage in STAGES if stage != "segment" or experiment.settings.segmentation is not None)


def n_workers(experiment: Experiment) -> int:
    """Studies at a time."""
    return experiment.settings.n_workers or min(MOST_WORKERS, n_cores())


def threads_of_each(experiment: Experiment) -> int:
    """Threads that each worker has for itself."""
    return max(1, n_cores() // n_workers(experiment))


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
