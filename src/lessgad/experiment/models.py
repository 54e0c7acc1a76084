# SPDX-License-Identifier: Apache-2.0
"""The models of an experiment: one for all doses, or one for each."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.cohort.split import Subset
from lessgad.dose_fraction import dose_label
from lessgad.errors import DoseError
from lessgad.experiment.settings import ExperimentSettings

ALL_DOSES = "all-doses"
PRETRAINED = "pretrained"
LIMITS_SUFFIX = "_limits"
PER_DOSE = "Set training.models: per_dose in experiment.yaml for a model of each dose"
LEARNING: tuple[Subset, ...] = ("train", "validation")
#: Found of the trained model; spelled here so that looking at the state of an experiment does not import torch.
LIMITS = ("training_range.yaml", "intervals.yaml", "guess.yaml")


def model_doses(settings: ExperimentSettings) -> dict[str, float | None]:
    """Name each model, with the one dose that it is for; None where it is told the dose."""
    models = settings.training.models
    if models != "per_dose":
        return {PRETRAINED if models == "pretrained" else ALL_DOSES: None}
    return {dose_label(dose): dose for dose in settings.doses}


def models_named(settings: ExperimentSettings, doses: Sequence[float]) -> frozenset[str]:
    """Name the models of some doses.

    Args:
        settings: Settings of the experiment.
        doses: Doses as fractions of the standard dose, 0–1.

    Returns:
        Names of the models.

    Raises:
        DoseError: A dose is not one of the experiment's, or all doses share one model.
    """
    known = model_doses(settings)
    names = frozenset(dose_label(dose) for dose in doses)
    if names and settings.training.models != "per_dose":
        raise DoseError(
            f"A dose was named ({', '.join(sorted(names))}), and one model serves all doses", remedy=PER_DOSE
        )
    unknown = sorted(names - set(known))
    if unknown:
        raise DoseError(f"{', '.join(unknown)} is not a dose of this experiment ({', '.join(known)})")
    return names


def model_of_dose(settings: ExperimentSettings, dose: float) -> str:
    """Name the model that restores a dose.

    Args:
        settings: Settings of the experiment.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The name.
    """
    return dose_label(dose) if settings.training.models == "per_dose" else next(iter(model_doses(settings)))


def finds_limits(settings: ExperimentSettings) -> bool:
    """Say whether limits are found of the models; those of the pretrained one come with it."""
    return settings.training.models != "pretrained"
