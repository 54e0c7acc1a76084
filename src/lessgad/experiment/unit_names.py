# SPDX-License-Identifier: Apache-2.0
"""What the units of an experiment are called: the words in which stages say what they read of each other."""

from __future__ import annotations

from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label
from lessgad.engine.unit import key_of
from lessgad.experiment.models import LIMITS_SUFFIX

STANDARD = "standard"
BASELINES = "baselines"
SEGMENTATION_MODEL = key_of("segment", "model")
REPORT = key_of("report", "report")


def part_of(dose: float | None) -> str:
    """Name the part of a study at one dose, or (None) at its standard dose."""
    return STANDARD if dose is None else dose_label(dose)


def prepared(study: Study) -> str:
    """Name the unit that prepares the pair of a study."""
    return key_of("prepare", study.name)


def prepared_t2(study: Study) -> str:
    """Name the unit that prepares the T2 of a study."""
    return key_of("prepare", f"{study.name}_T2w")


def prepared_scan(study: Study, dose: float) -> str:
    """Name the unit that prepares the scan of a study at a lower dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The key.
    """
    return key_of("prepare", f"{study.name}_acq-{dose_label(dose)}")


def prepared_repeat(study: Study) -> str:
    """Name the unit that prepares the second scan of a study at the standard dose."""
    return key_of("prepare", f"{study.name}_repeat")


def trained(model: str) -> str:
    """Name the unit that trains a model."""
    return key_of("train", model)


def limits(model: str) -> str:
    """Name the unit that measures the limits of a trained model."""
    return key_of("train", model + LIMITS_SUFFIX)


def baselines_at(dose: float) -> str:
    """Name the unit that tunes the baselines at one dose."""
    return key_of("restore", f"{BASELINES}_{dose_label(dose)}")


def restored(study: Study, dose: float) -> str:
    """Name the unit that restores a study from one dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The key.
    """
    return key_of("restore", f"{study.name}_{dose_label(dose)}")


def segmented(study: Study, dose: float | None) -> str:
    """Name the unit that segments the images of one dose, or (None) the standard dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose; None for the standard dose.

    Returns:
        The key.
    """
    return key_of("segment", f"{study.name}_{part_of(dose)}")


def evaluated(study: Study, dose: float | None) -> str:
    """Name the unit that evaluates one dose, or (None) the standard dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose; None for the standard dose.

    Returns:
        The key.
    """
    return key_of("evaluate", f"{study.name}_{part_of(dose)}")
