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
    """Name what is done for one dose of a study, or (None) for its standard dose."""
    return STANDARD if dose is None else dose_label(dose)


def prepared(study: Study) -> str:
    """The pair of a study, prepared."""
    return key_of("prepare", study.name)


def prepared_t2(study: Study) -> str:
    """Its T2."""
    return key_of("prepare", f"{study.name}_T2w")


def prepared_scan(study: Study, dose: float) -> str:
    """Its scan at a lower dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.
    """
    return key_of("prepare", f"{study.name}_acq-{dose_label(dose)}")


def prepared_repeat(study: Study) -> str:
    """Its second scan at the standard dose."""
    return key_of("prepare", f"{study.name}_repeat")


def trained(model: str) -> str:
    """The training of a model."""
    return key_of("train", model)


def limits(model: str) -> str:
    """What was found of a trained model."""
    return key_of("train", model + LIMITS_SUFFIX)


def baselines_at(dose: float) -> str:
    """How strong the baselines are at one dose."""
    return key_of("restore", f"{BASELINES}_{dose_label(dose)}")


def restored(study: Study, dose: float) -> str:
    """The image of a study restored from one dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.
    """
    return key_of("restore", f"{study.name}_{dose_label(dose)}")


def segmented(study: Study, dose: float | None) -> str:
    """The outlines in every image of one dose, or (None) in the standard dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose; None for the standard dose.
    """
    return key_of("segment", f"{study.name}_{part_of(dose)}")


def evaluated(study: Study, dose: float | None) -> str:
    """What is measured of one dose, or (None) of the standard dose.

    Args:
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose; None for the standard dose.
    """
    return key_of("evaluate", f"{study.name}_{part_of(dose)}")
