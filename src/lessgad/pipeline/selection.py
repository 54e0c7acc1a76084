# SPDX-License-Identifier: Apache-2.0
"""Which studies a run is about: all, a share of them, or those of some patients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lessgad.engine.shard import WHOLE, Shard
from lessgad.engine.standing import Standing
from lessgad.engine.unit import Unit
from lessgad.errors import SettingsError
from lessgad.experiment.models import LIMITS_SUFFIX
from lessgad.experiment.opened import Experiment
from lessgad.experiment.stage_names import Stage

#: The stages whose studies can be shared among jobs.
SHARED: tuple[Stage, ...] = ("prepare", "restore", "segment", "evaluate")


@dataclass(frozen=True)
class Selection:
    """The studies of a run.

    Attributes:
        shard: The share.
        patients: BIDS labels, with or without ``sub-``; none means all.
    """

    shard: Shard = WHOLE
    patients: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether all studies are meant."""
        return self.shard.n == 1 and not self.patients

    def check(self, stages: Sequence[Stage]) -> None:
        """Raise SettingsError where a part of the studies is meant in a stage that needs all of them."""
        if not self.everything and not set(stages) <= set(SHARED):
            raise SettingsError(
                f"--shard and --participant-label do not go with the stages {', '.join(stages)}",
                remedy=f"Give them with --stage {', '.join(SHARED[:-1])} or {SHARED[-1]}; run train and report "
                "without them",
            )

    def subjects(self, experiment: Experiment) -> frozenset[str] | None:
        """Give the names of the selected studies.

        Args:
            experiment: The opened experiment.

        Returns:
            The names; None for all.

        Raises:
            SettingsError: The cohort has no patient of such a label.
        """
        if self.everything:
            return None
        studies = experiment.cohort.studies
        wanted = [label.removeprefix("sub-") for label in self.patients]
        known = {study.patient for study in studies} | {study.patient for study in experiment.cohort.unusable}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise SettingsError(
                f"The cohort has no sub-{unknown[0]}, which --participant-label names", path=experiment.cohort.root
            )
        names = [study.name for study in studies if not wanted or study.patient in wanted]
        return frozenset(self.shard.of(names))

    def of_stage(
        self,
        standing: Standing,
        stage: Stage,
        subjects: Collection[str] | None,
        models: frozenset[str] = frozenset(),
    ) -> list[Unit]:
        """List the units of a stage that the selection covers.

        Units that belong to no study are included. If only some studies are selected, such a unit is included only if
        its inputs are done: the tuning of baselines waits for all studies, the restoration of one study does not.

        Args:
            standing: State of all units.
            stage: The stage.
            subjects: Result of `subjects`.
            models: Names of the models to train; none means all.

        Returns:
            The units.
        """
        units = [unit for unit in standing.plan.of_stage(stage) if not standing.left_out(unit.key)]
        if stage == "train" and models:
            units = [unit for unit in units if unit.name.removesuffix(LIMITS_SUFFIX) in models]
        if subjects is None:
            return units
        return [unit for unit in units if (unit.subject in subjects if unit.subject else not standing.before([unit]))]


EVERYTHING = Selection()
