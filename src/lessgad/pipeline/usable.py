# SPDX-License-Identifier: Apache-2.0
"""What of an experiment can be used, for those who look at it from outside."""

from __future__ import annotations

from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.experiment.opened import Experiment
from lessgad.experiment.unit_names import prepared
from lessgad.pipeline.plan import standing_of


def usable_units(experiment: Experiment) -> frozenset[str]:
    """Name the units that are not left out and have not failed as things are."""
    standing = standing_of(experiment)
    return frozenset(unit.key for unit in standing.plan if standing.usable(unit.key))


def usable_studies(experiment: Experiment, subset: Subset) -> list[Study]:
    """Keep the studies of a subset whose preparation succeeded.

    Args:
        experiment: The opened experiment.
        subset: The subset.

    Returns:
        The studies.
    """
    usable = usable_units(experiment)
    return [study for study in experiment.studies([subset]) if prepared(study) in usable]
