# SPDX-License-Identifier: Apache-2.0
"""A patient's head before it is deformed and scanned: a label for each voxel and the fractions of the brain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from lessgad.phantom.brain import load_brain
from lessgad.phantom.face import depth_mm, paint_airways, paint_orbits, paint_soft_tissue
from lessgad.phantom.shapes import SHAPE, paint
from lessgad.phantom.skull import paint_falx, paint_palate, paint_skull, paint_skull_base
from lessgad.phantom.temporal_bone import nerves, paint_temporal_bones
from lessgad.phantom.tissues import Tissue
from lessgad.phantom.vessels import paint_vessels

ATROPHY_PER_YEAR = 0.003  # of a voxel's brain; about 0.3 % of the brain's volume a year is usual after 50


@dataclass(frozen=True, eq=False)
class Head:
    """A head on the grid of `shapes` (1 mm, MNI coordinates).

    Attributes:
        labels: A `Tissue` for each voxel; CSF wherever there is brain.
        gray: Fraction of gray matter, 0–1; only where `labels` says CSF.
        white: Fraction of white matter, given in the same voxels; the rest is CSF.
    """

    labels: Int[np.ndarray, "x y z"]
    gray: Float[np.ndarray, "x y z"]
    white: Float[np.ndarray, "x y z"]


def build_head(rng: np.random.Generator, age: int = 50) -> Head:
    """Build a head around the ICBM152 brain; bone, fat, air cells, sinuses and veins vary with `rng`.

    Args:
        rng: Random generator of the patient.
        age: Years; with age, the brain gives way to CSF in sulci and ventricles.

    Returns:
        The head.
    """
    brain = load_brain()
    free = ~brain.cavity
    labels = np.zeros(SHAPE, dtype=np.int8)
    paint_soft_tissue(labels, free, rng)
    paint_skull(labels, brain, rng)
    paint_palate(labels)
    paint_airways(labels, free, rng)
    paint_orbits(labels, free & (brain.outside_mm > 2))
    paint_skull_base(labels, brain)
    paint_temporal_bones(labels, brain, rng)
    labels[brain.cavity] = Tissue.CSF
    labels[depth_mm() <= 0] = Tissue.AIR
    paint_vessels(labels, brain, rng)
    paint_falx(labels, brain)
    for side in (1, -1):
        for region in nerves(side):
            paint(labels, region, Tissue.WHITE, labels == Tissue.CSF)
    brain_there = labels == Tissue.CSF
    gray, white = _aged(brain.gray * brain_there, brain.white * brain_there, age)
    return Head(labels, gray, white)


def _aged(
    gray: Float[np.ndarray, "x y z"], white: Float[np.ndarray, "x y z"], age: int
) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "x y z"]]:
    """Take brain away where there was some CSF already: none at 30 years, about a tenth of the border by 80."""
    lost = ATROPHY_PER_YEAR * max(age - 30, 0)
    total = gray + white
    left = np.clip((total - lost) / (1 - lost), 0, 1) / np.maximum(total, np.float32(1e-6))
    return gray * left, white * left
