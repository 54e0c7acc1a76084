# SPDX-License-Identifier: Apache-2.0
"""How an experiment stands: per stage, what failed, and what would be done and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lessgad.engine.standing import Standing, State
from lessgad.engine.why import why
from lessgad.experiment.interval_patients import why_no_intervals
from lessgad.experiment.models import models_named
from lessgad.experiment.opened import Experiment, open_experiment
from lessgad.experiment.stage_names import Stage
from lessgad.pipeline.cautions import cautions_of
from lessgad.pipeline.failures import Failure, known_failures
from lessgad.pipeline.plan import stages_of, standing_of
from lessgad.pipeline.selection import EVERYTHING, Selection


@dataclass(frozen=True)
class StageStatus:
    """States of the units of one stage.

    Attributes:
        stage: The stage.
        states: State of each unit, by name.
        why: Reason for each that is not done, where it was asked for.
    """

    stage: Stage
    states: dict[str, State]
    why: dict[str, str] = field(default_factory=dict)

    def count(self, state: State) -> int:
        """Count the units in a state."""
        return sum(other == state for other in self.states.values())

    def groups(self) -> list[tuple[State, str, list[str]]]:
        """Group units by state and reason.

        Returns:
            State, reason and names of each group.
        """
        found: dict[tuple[State, str], list[str]] = {}
        for name, reason in self.why.items():
            found.setdefault((self.states[name], reason), []).append(name)
        return [(state, reason, names) for (state, reason), names in found.items()]


def experiment_status(root: Path, *, with_why: bool = False) -> tuple[list[StageStatus], list[Failure]]:
    """Look at every stage; nothing is run and nothing is written.

    Args:
        root: The experiment folder.
        with_why: Find out too why each unit is not done.

    Returns:
        State of each stage, and the failures.

    Raises:
        InputError: Settings or cohort cannot be used, or a newer lessgad worked on the experiment.
    """
    experiment = open_experiment(root, only_look=True)
    return _stages_and_failures(experiment, standing_of(experiment), with_why=with_why)


def status_and_cautions(root: Path, *, with_why: bool = False) -> tuple[list[StageStatus], list[Failure], list[str]]:
    """Look at every stage as `experiment_status` does, and list the cautions; the plan is made once.

    Args:
        root: The experiment folder.
        with_why: Find out too why each unit is not done.

    Returns:
        State of each stage, the failures, and the cautions in words.

    Raises:
        InputError: Settings or cohort cannot be used, or a newer lessgad worked on the experiment.
    """
    experiment = open_experiment(root, only_look=True)
    standing = standing_of(experiment)
    cautions = [f"{caution.study}: {caution.words}" for caution in cautions_of(experiment, standing)]
    if (words := why_no_intervals(experiment)) is not None:
        cautions.append(words)
    return *_stages_and_failures(experiment, standing, with_why=with_why), cautions


def _stages_and_failures(
    experiment: Experiment, standing: Standing, *, with_why: bool
) -> tuple[list[StageStatus], list[Failure]]:
    stages = [stage_status(standing, stage, with_why=with_why) for stage in stages_of(experiment)]
    return stages, known_failures(experiment, standing)


def what_would_be_done(
    root: Path, stages: Sequence[Stage], selection: Selection = EVERYTHING, model_doses: Sequence[float] = ()
) -> list[StageStatus]:
    """List the pending units and the reasons, without doing them.

    Args:
        root: The experiment folder.
        stages: Stages of the run.
        selection: Selection of the studies.
        model_doses: The models of these doses alone; none means all.

    Returns:
        The pending units of each stage.

    Raises:
        InputError: Settings or cohort cannot be used, or a newer lessgad worked on the experiment.
    """
    experiment = open_experiment(root, only_look=True)
    standing = standing_of(experiment)
    subjects, models = selection.subjects(experiment), models_named(experiment.settings, model_doses)
    found = []
    for stage in stages:
        if stage in stages_of(experiment):
            status = stage_status(standing, stage, with_why=True)
            chosen = {unit.name for unit in selection.of_stage(standing, stage, subjects, models)}
            states: dict[str, State] = {
                name: state for name, state in status.states.items() if state != "done" and name in chosen
            }
            found.append(StageStatus(stage, states, {name: status.why[name] for name in states}))
    return found


def stage_status(standing: Standing, stage: Stage, *, with_why: bool = False) -> StageStatus:
    """Describe the state of the units of a stage, without those that are left out.

    Args:
        standing: State of all units.
        stage: The stage.
        with_why: Whether the reasons are looked up.

    Returns:
        The status.
    """
    units = [unit for unit in standing.plan.of_stage(stage) if not standing.left_out(unit.key)]
    states = {unit.name: standing.state(unit.key) for unit in units}
    reasons = {unit.name: why(standing, unit.key) for unit in units if with_why and states[unit.name] != "done"}
    return StageStatus(stage, states, reasons)
