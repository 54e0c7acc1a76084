# SPDX-License-Identifier: Apache-2.0
"""The patients on which the intervals of an experiment are calibrated, and the consequences for coverage."""

from __future__ import annotations

from lessgad.experiment.models import model_doses
from lessgad.experiment.opened import Experiment
from lessgad.restoration.conformal_intervals import read_intervals
from lessgad.restoration.coverage_range import coverage_range


def why_no_intervals(experiment: Experiment) -> str | None:
    """Say why no intervals are calibrated; None if they are, or came with the pretrained model."""
    if experiment.settings.training.models == "pretrained":
        return None
    n = len({study.patient for study in experiment.studies(["validation"])})
    needed = experiment.settings.restoration.interval_patients
    if n >= needed:
        return None
    if n == 0:
        return "No intervals: there is no validation patient to calibrate them on."
    low, high = coverage_range(0.9, n, 12)
    patients = "one validation patient" if n == 1 else f"{n} validation patients"
    return (
        f"No intervals: {patients} cannot tell how errors differ between patients; 90 % intervals from so few would "
        f"cover {100 * low:.0f} to {100 * high:.0f} % of the voxels of 12 new patients on average. "
        f"restoration.interval_patients in experiment.yaml requires {needed}; 10 are better."
    )


def calibrated_on_words(experiment: Experiment) -> str:
    """Say whether anything else was chosen on the patients that intervals were calibrated on."""
    if experiment.settings.training.models == "pretrained":
        return (
            "The pretrained model and its intervals come from generated patients; only the baselines were tuned "
            "on patients of this cohort."
        )
    known = [read_intervals(experiment.folder.model(name)) for name in model_doses(experiment.settings)]
    if all(intervals is not None and intervals.cross_fitted for intervals in known):
        return (
            "Intervals are cross-fitted: each validation patient was judged with weights that the other validation "
            "patients chose."
        )
    return (
        "Intervals were calibrated on the validation patients on which the weights were chosen, so they may cover "
        "slightly less of other patients than the nominal level."
    )
