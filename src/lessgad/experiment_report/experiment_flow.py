# SPDX-License-Identifier: Apache-2.0
"""Figure 1 of an experiment: the pipeline, with how many patients and studies passed each step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from lessgad.cohort.study import Study
from lessgad.description.cohort_description import CohortDescription
from lessgad.description.exclusions import exclusions
from lessgad.description.flow import FlowStep, cohort_steps, counted
from lessgad.dose_fraction import percent
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import planned_doses
from lessgad.experiment.unit_names import evaluated, prepared, restored

NamesUnit = Callable[[Study, float], str]
_SUBSETS = ("train", "validation", "test")


def experiment_flow(
    experiment: Experiment, description: CohortDescription, usable: Collection[str]
) -> tuple[FlowStep, ...]:
    """Count the studies that passed each step.

    Args:
        experiment: The opened experiment.
        description: Description of the cohort.
        usable: Units that can be used.

    Returns:
        The steps of the flow diagram.
    """
    settings = experiment.settings
    cohort, judged = experiment.cohort.studies, experiment.studies(settings.subsets)
    ready = [study for study in cohort if prepared(study) in usable]
    missing = [(study.name, "preparation failed or is not done") for study in cohort if prepared(study) not in usable]
    subsets = [f"{name}: {_count(s for s in ready if experiment.subsets[s.patient] == name)}" for name in _SUBSETS]
    doses = ", ".join(percent(dose) for dose in settings.doses)
    origin = "simulated from each pair" if settings.low_dose == "simulated" else "scanned"
    return (
        *cohort_steps(description),
        FlowStep("Preparation", (f"registered, calibrated, normalized: {_count(ready)}",), exclusions(missing)),
        FlowStep("Split by patient", tuple(subsets)),
        FlowStep("Low doses", (f"{origin}: {doses} of the standard dose",)),
        FlowStep(
            "Restoration",
            (f"{_network(experiment)}: {_count(_done(experiment, judged, usable, restored))}",),
        ),
        FlowStep(
            "Evaluation",
            (f"compared with the standard dose: {_count(_done(experiment, judged, usable, evaluated))}",),
        ),
    )


def _done(experiment: Experiment, studies: list[Study], usable: Collection[str], unit: NamesUnit) -> list[Study]:
    """Studies that have a unit of work done at one dose at least."""
    return [s for s in studies if any(unit(s, dose) in usable for dose in planned_doses(experiment, s))]


def _network(experiment: Experiment) -> str:
    if experiment.settings.training.models == "pretrained":
        return "pretrained network"
    return f"network of preset {experiment.settings.field.preset}, trained on the training patients"


def _count(studies: Iterable[Study]) -> str:
    listed = list(studies)
    patients = counted(len({study.patient for study in listed}), "patient")
    return f"{patients}, {counted(len(listed), 'study', 'studies')}"
