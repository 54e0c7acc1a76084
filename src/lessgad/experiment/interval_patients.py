# SPDX-License-Identifier: Apache-2.0
"""Which patients the intervals of an experiment's models are calibrated on, and what that means for them."""

from __future__ import annotations

from lessgad.experiment.opened import Experiment
from lessgad.restoration.coverage_range import coverage_range


def why_no_intervals(experiment: Experiment) -> str | None:
    """Say why no intervals are calibrated; None where they are, or came with the pretrained model."""
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
        f"cover {100 * low:.0f} to {100 * high:.0f} % of the voxels of the next 12 patients, on the mean. "
        f"restoration.interval_patients in experiment.yaml asks for {needed}; 10 are better."
    )


def calibrated_on_words(experiment: Experiment) -> str:
    """Say whether anything else was chosen on the patients that intervals were calibrated on."""
    if experiment.settings.training.models == "pretrained":
        return (
            "The pretrained model and its intervals come from generated patients; nothing but the baselines was tuned "
            "on patients of this cohort."
        )
    return (
        "Intervals were calibrated on the validation patients that the weights were chosen on, so that they may cover "
        "a little less of other patients than the level says."
    )
