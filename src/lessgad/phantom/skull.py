# SPDX-License-Identifier: Apache-2.0
"""Dura, the bones of the calvarium and the base of the skull with their marrow."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from lessgad.phantom.brain import Brain
from lessgad.phantom.shapes import (
    SHAPE,
    Number,
    Point,
    axes_mm,
    box_around,
    ellipsoid,
    mirrored,
    paint,
    smooth_noise,
    tube,
)
from lessgad.phantom.tissues import Tissue


def paint_skull(labels: Int[np.ndarray, "x y z"], brain: Brain, rng: np.random.Generator) -> None:
    """Paint dura, two tables and diploë around the cavity.

    Args:
        labels: Material of each voxel; changed in place.
        brain: The brain that all heads share.
        rng: Random generator.
    """
    outside = brain.outside_mm
    _, _, z = axes_mm()
    thickness = 6.5 + rng.normal(0, 0.5) + smooth_noise(rng, SHAPE, 40)
    thickness = np.clip(thickness - 1.5 * np.clip((-20 - z) / 20, 0, 1), 3.8, 10).astype(np.float32)
    labels[(outside > 0) & (outside <= thickness)] = Tissue.BONE
    diploe = (outside > 2.3) & (outside < thickness - 1.6) & (smooth_noise(rng, SHAPE, 5) > -1.0)
    labels[diploe] = Tissue.MARROW
    labels[(outside > 0) & (outside <= 0.8)] = Tissue.DURA


def paint_skull_base(labels: Int[np.ndarray, "x y z"], brain: Brain) -> None:
    """Paint clivus, sphenoid, zygoma, jaw and upper vertebrae: marrow within a rim of bone.

    Args:
        labels: Material of each voxel; changed in place.
        brain: The brain that all heads share.
    """
    free = ~brain.cavity
    for points, radii in _bones():
        wide = [radius + 1.4 for radius in radii]
        paint(labels, tube(points, wide), Tissue.BONE, free)
    for points, radii in _bones():
        paint(labels, tube(points, radii), Tissue.MARROW, free & (brain.outside_mm > 1.8))


def paint_falx(labels: Int[np.ndarray, "x y z"], brain: Brain) -> None:
    """Paint the falx into the fissure between the hemispheres, in front of and behind the corpus callosum.

    Args:
        labels: Material of each voxel; changed in place.
        brain: The brain that all heads share.
    """
    box = box_around((-0.5, -110, -12), (0.5, 75, 30))
    _, y, z = axes_mm(box)
    sickle = ((y < -62) | (y > 42)) & (z > -10)
    fissure = brain.cavity[box] & (brain.gray[box] + brain.white[box] < 0.75)
    labels[box][sickle & fissure] = Tissue.DURA


def _bones() -> list[tuple[list[Point], list[Number]]]:
    """Center lines in MNI mm with radii."""
    bones: list[tuple[list[Point], list[Number]]] = [
        ([(0, -3, -38), (0, -11, -54), (0, -19, -64)], [6, 5.5, 4]),  # clivus
        ([(0, -22, -70), (0, -24, -90)], [4.5, 5]),  # dens
        ([(0, 8, -46), (0, 22, -54)], [5, 3]),  # body of the sphenoid
    ]
    for side in (1, -1):
        bones += [
            (mirrored([(6, -3, -40), (7, -10, -54), (6, -18, -63)], side), [5.5, 5, 3.5]),  # clivus
            (mirrored([(15, -32, -66), (19, -34, -75), (20, -33, -90)], side), [5.5, 6.5, 7]),  # condyle, atlas
            (mirrored([(50, 50, -34), (42, 38, -36), (33, 27, -38)], side), [3.5, 2.5, 3]),  # greater wing
            (mirrored([(49, 53, -20), (51, 54, -36), (48, 58, -52)], side), [3, 3, 4]),  # rim of the orbit
            (mirrored([(48, 59, -52), (60, 42, -54), (66, 15, -52), (61, -10, -50)], side), [5, 3, 2, 3]),  # zygoma
            (mirrored([(52, -6, -54), (53, -3, -62), (52, 2, -90)], side), [4.5, 3, 3.5]),  # jaw
            (mirrored([(50, 20, -56), (51, 12, -90)], side), [2, 3.5]),  # coronoid process
            (mirrored([(16, 18, -48), (17, 16, -76)], side), [0.8, 0.8]),  # pterygoid plate
            (mirrored([(12, 60, -84), (32, 45, -86), (36, 28, -84)], side), [6, 6, 5]),  # upper jaw
        ]
    return bones


def paint_palate(labels: Int[np.ndarray, "x y z"]) -> None:
    """Paint the hard palate, the floor of the nose."""
    paint(labels, ellipsoid((0, 44, -82), (30, 32, 3)), Tissue.BONE)
