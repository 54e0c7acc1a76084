# SPDX-License-Identifier: Apache-2.0
"""Cautions on studies that are used: printed after the preparation and shown by status."""

from __future__ import annotations

from pathlib import Path

from lessgad.engine.log import LOGGER
from lessgad.engine.progress import Progress
from lessgad.engine.standing import Standing
from lessgad.experiment.interval_patients import why_no_intervals
from lessgad.experiment.opened import Experiment, open_experiment
from lessgad.experiment.study_cautions import StudyCaution, study_cautions
from lessgad.pipeline.plan import standing_of


def cautions_of(experiment: Experiment, standing: Standing) -> list[StudyCaution]:
    """List the cautions of all prepared images.

    Args:
        experiment: The opened experiment.
        standing: State of all units.

    Returns:
        The cautions.
    """
    prepared = standing.plan.of_stage("prepare")
    return study_cautions(experiment, {unit.key for unit in prepared if standing.own_state(unit.key) == "done"})


def experiment_cautions(root: Path) -> list[StudyCaution]:
    """List the cautions of prepared studies; nothing is run and nothing is written.

    Args:
        root: The top folder.

    Returns:
        The cautions.

    Raises:
        InputError: Settings or cohort cannot be used, or a newer lessgad worked on the experiment.
    """
    experiment = open_experiment(root, only_look=True)
    return cautions_of(experiment, standing_of(experiment))


def interval_caution(root: Path) -> str | None:
    """Say why the models of an experiment get no intervals; None if they get them.

    Args:
        root: Folder of the experiment.

    Returns:
        A caution in words, or None.

    Raises:
        InputError: Settings or cohort cannot be used.
    """
    return why_no_intervals(open_experiment(root, only_look=True))


def tell_cautions(experiment: Experiment, standing: Standing, progress: Progress) -> None:
    """Say and log the cautions of all prepared studies.

    Args:
        experiment: The opened experiment.
        standing: State of all units.
        progress: Receives the progress.
    """
    for caution in cautions_of(experiment, standing):
        LOGGER.warning("%s: caution: %s", caution.study, caution.words)
        progress.say(f"{caution.study}: caution: {caution.words}")
