# SPDX-License-Identifier: Apache-2.0
"""The doses that a study has an image at: planned, and of those that are scanned those that could be prepared."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lessgad.cohort.study import Study
from lessgad.dose_fraction import percent
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import planned_doses
from lessgad.experiment.unit_names import prepared_scan


def usable_doses(experiment: Experiment, study: Study, usable: Collection[str]) -> tuple[float, ...]:
    """List the doses at which a study is evaluated, as far as its scans could be prepared.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        usable: Units that can be used.

    Returns:
        The doses, 0–1.
    """
    doses = planned_doses(experiment, study)
    if experiment.settings.low_dose == "simulated":
        return doses
    return tuple(dose for dose in doses if dose == 0 or prepared_scan(study, dose) in usable)


def doses_without_scan(experiment: Experiment, usable: Collection[str]) -> Iterator[str]:
    """Name, for each dose, the studies without a usable measured scan.

    Args:
        experiment: The opened experiment.
        usable: Keys of the units whose results can be used.

    Yields:
        One line per dose; none if low doses are simulated.
    """
    settings = experiment.settings
    if settings.low_dose == "simulated":
        return
    judged = experiment.studies(settings.subsets)
    for dose in settings.doses:
        without = [study.name for study in judged if dose not in usable_doses(experiment, study, usable)]
        if without:
            yield (
                f"no measured scan at {percent(dose)} of the dose in {len(without)} of {len(judged)} studies, "
                f"which are not evaluated there: {', '.join(without)}"
            )
