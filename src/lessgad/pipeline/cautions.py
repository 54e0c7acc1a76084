# SPDX-License-Identifier: Apache-2.0
"""Cautions on studies that are used: printed after the preparation and shown by status."""

from __future__ import annotations

from lessgad.engine.log import LOGGER
from lessgad.engine.progress import Progress
from lessgad.engine.standing import Standing
from lessgad.experiment.opened import Experiment
from lessgad.experiment.study_cautions import StudyCaution, study_cautions


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
