# SPDX-License-Identifier: Apache-2.0
"""The temporal bones: pyramid, mastoid cells, ear, labyrinth, and the internal auditory canal with its nerves."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from lessgad.phantom.brain import Brain
from lessgad.phantom.canal import canal, canal_wall
from lessgad.phantom.shapes import Region, ellipsoid, mirrored, paint, smooth_noise, tube
from lessgad.phantom.tissues import Tissue


def paint_temporal_bones(labels: Int[np.ndarray, "x y z"], brain: Brain, rng: np.random.Generator) -> None:
    """Paint both temporal bones over everything outside the intracranial cavity.

    Args:
        labels: Material of each voxel; changed in place.
        brain: The brain that all heads share.
        rng: Random generator.
    """
    free = ~brain.cavity
    for side in (1, -1):
        pyramid = mirrored([(14, -9, -41), (30, -21, -42), (47, -28, -44), (55, -34, -46)], side)
        paint(labels, tube(pyramid, [4.5, 8, 10, 10]), Tissue.BONE, free)
        mastoid = mirrored([(54, -34, -46), (55, -36, -58), (52, -34, -70)], side)
        paint(labels, tube(mastoid, [12, 10, 5]), Tissue.BONE, free)
        if rng.random() < 0.75:
            paint(
                labels, ellipsoid(mirrored([(16, -10, -42)], side)[0], (5, 3.5, 3.5), -30.0 * side), Tissue.MARROW, free
            )
        _paint_cells(labels, brain, rng, side)
        paint(labels, tube(mirrored([(46, -20, -40), (48, -22, -47)], side), 2.8), Tissue.AIR, free)
        paint(labels, tube(mirrored([(50, -21, -45), (62, -22, -47), (92, -25, -45)], side), 3.3), Tissue.AIR)
        paint(labels, canal_wall(side), Tissue.BONE, free)
        paint(labels, ellipsoid(mirrored([(38.5, -22.5, -39)], side)[0], (3.0, 3.0, 2.4)), Tissue.LABYRINTH, free)
        paint(labels, ellipsoid(mirrored([(41, -28, -37.5)], side)[0], (2.2, 2.4, 2.6)), Tissue.LABYRINTH, free)
        paint(labels, canal(side), Tissue.CSF, free)


def nerves(side: int) -> list[Region]:
    """Paint the facial and cochleovestibular nerves from the pons to the fundus, and the trigeminal nerve."""
    return [
        tube(mirrored([(14, -27, -42), (23, -26.0, -37.2), (34, -26.8, -36.6)], side), 0.7),
        tube(mirrored([(15, -29, -43), (23, -27.2, -39.0), (34, -28.0, -38.6)], side), 0.8),
        tube(mirrored([(17, -19, -33), (18, -9, -34)], side), 1.5),
    ]


def _paint_cells(labels: Int[np.ndarray, "x y z"], brain: Brain, rng: np.random.Generator, side: int) -> None:
    """Air cells of the mastoid, with walls between them; how many differs from person to person."""
    region = tube(mirrored([(56, -34, -42), (57, -37, -56), (54, -35, -66)], side), [9.5, 8, 4])
    box, inside = region
    honeycomb = smooth_noise(rng, inside.shape, 2.6)
    inside &= brain.outside_mm[box] > 2.5
    threshold = rng.uniform(-1.2, 0.0)
    labels[box][inside & (honeycomb > threshold)] = Tissue.AIR
    labels[box][inside & (honeycomb <= threshold - 0.9)] = Tissue.MUCOSA
