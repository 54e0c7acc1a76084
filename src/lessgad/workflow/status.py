# SPDX-License-Identifier: Apache-2.0
"""How an experiment stands: per stage, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lessgad.experiment.record import State
from lessgad.workflow.experiment import open_experiment
from lessgad.workflow.run import Failure, known_failures, plan_stage, stages_of
from lessgad.workflow.stages import Stage
from lessgad.workflow.study_cautions import StudyCaution, study_cautions
from lessgad.workflow.unit import unit_state


@dataclass(frozen=True)
class StageStatus:
    """How the units of one stage stand.

    Attributes:
        stage: Which.
        states: State of each unit (study or model), by name.
    """

    stage: Stage
    states: dict[str, State]

    def count(self, state: State) -> int:
        """Number of units in a state."""
        return sum(other == state for other in self.states.values())


def experiment_status(root: Path) -> tuple[list[StageStatus], list[Failure]]:
    """Look at every stage; nothing is run.

    Raises:
        InputError: Settings or cohort cannot be used.
    """
    experiment = open_experiment(root, only_look=True)
    stages = [
        StageStatus(stage, {unit.name: unit_state(experiment.folder, unit) for unit in plan_stage(experiment, stage)})
        for stage in stages_of(experiment)
    ]
    failures = known_failures(experiment)
    experiment.hashes.save()
    return stages, failures


def experiment_cautions(root: Path) -> list[StudyCaution]:
    """List what was found doubtful in studies that were prepared all the same.

    Raises:
        InputError: Settings or cohort cannot be used.
    """
    return study_cautions(open_experiment(root, only_look=True))
