# SPDX-License-Identifier: Apache-2.0
"""What the studies of a training showed, for cautions about scans that are unlike them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lessgad.cohort.sequence_class import sequence_class
from lessgad.dose.simulation import SimulationSettings, simulated_low_dose, study_simulator
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.out_of_distribution import TrainingRange, enhancement_level

DOSES = (0.0, 0.1, 0.3, 0.6, 1.0)
MOST_SLICES = 24


def find_training_range(
    studies: Sequence[PreparedStudy], settings: SimulationSettings, *, sees_neighbors: bool = False
) -> TrainingRange:
    """Record the ranges of noise, pixel size and enhancement, and the kinds of sequence, in the training studies.

    Args:
        studies: Studies of training and validation, at least one.
        settings: Settings of the low-dose simulation.
        sees_neighbors: Whether the field sees more than one slice, so that their distance matters.

    Returns:
        The ranges.
    """
    sigmas = [study_simulator(study, settings).sigma for study in studies]
    pixels = [mm for study in studies for mm in study.spacing_mm[:2]]
    apart = [study.spacing_mm[2] for study in studies]
    levels = np.array([[_level(study, dose, settings) for dose in DOSES] for study in studies])
    classes = {kind for study in studies if (kind := sequence_class(study.acquisition)) is not None}
    return TrainingRange(
        sigma=(min(sigmas), max(sigmas)),
        spacing_mm=(min(pixels), max(pixels)),
        doses=DOSES,
        least_enhancement=tuple(levels.min(axis=0).tolist()),
        most_enhancement=tuple(levels.max(axis=0).tolist()),
        sequence_classes=tuple(sorted(classes)),
        slice_spacing_mm=(min(apart), max(apart)) if sees_neighbors else None,
    )


def _level(study: PreparedStudy, dose: float, settings: SimulationSettings) -> float:
    """Choose evenly spaced slices through the head."""
    holding = np.flatnonzero(study.head.any(axis=(0, 1)))
    chosen = np.unique(holding[np.linspace(0, len(holding) - 1, min(MOST_SLICES, len(holding))).round().astype(int)])
    low_dose = simulated_low_dose(study, dose, settings, [int(k) for k in chosen])
    t1, head = np.asarray(study.pre_contrast[:, :, chosen]), study.head[:, :, chosen]
    return enhancement_level(t1, low_dose, head, study.spacing_mm)
