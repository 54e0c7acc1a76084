# SPDX-License-Identifier: Apache-2.0
"""What could not be used, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lessgad.engine.standing import Standing
from lessgad.experiment.opened import Experiment


@dataclass(frozen=True)
class Failure:
    """A study that could not be used at some stage.

    Attributes:
        stage: Stage that failed; "cohort" for a study that has no usable pair.
        study: Its name, with the dose where it failed at one.
        reason: One line.
    """

    stage: str
    study: str
    reason: str


def known_failures(
    experiment: Experiment,
    standing: Standing,
    stages: Iterable[str] | None = None,
    subjects: Collection[str] | None = None,
) -> list[Failure]:
    """List the failures that still hold: unusable studies, then failed units of each stage.

    Args:
        experiment: The opened experiment.
        standing: State of all units.
        stages: Stages to look at; None for all.
        subjects: Studies to look at; None for all, and for those of the cohort that have no usable pair.

    Returns:
        The failures.
    """
    failures = []
    if subjects is None:
        failures = [Failure("cohort", study.name, study.reason) for study in experiment.cohort.unusable]
    for stage in standing.plan.stages if stages is None else stages:
        for unit in standing.plan.of_stage(stage):
            wanted = subjects is None or unit.subject in subjects
            if wanted and not standing.left_out(unit.key) and standing.own_state(unit.key) == "failed":
                record = standing.records.of(unit.key)
                failures.append(Failure(stage, unit.name, record.reason if record else ""))
    return failures
