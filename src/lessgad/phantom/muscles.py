# SPDX-License-Identifier: Apache-2.0
"""Muscles of mastication and of the neck, with fat between them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from lessgad.phantom.shapes import SHAPE, Number, Point, axes_mm, mirrored, paint, smooth_noise, tube
from lessgad.phantom.tissues import Tissue

# Center lines on the right side in MNI mm, and radii.
_BELLIES: tuple[tuple[list[Point], list[Number]], ...] = (
    ([(56, 38, 4), (60, 30, -24), (57, 24, -48), (53, 20, -60)], [5, 8, 8, 4]),  # temporal, front
    ([(66, 4, 2), (66, 4, -26), (60, 14, -50)], [3, 5, 5]),  # temporal, back
    ([(62, 34, -56), (59, 20, -70), (57, 10, -92)], [5, 7.5, 8]),  # masseter
    ([(19, 16, -56), (34, 8, -54), (47, -2, -54)], [5, 8, 4]),  # lateral pterygoid
    ([(20, 13, -60), (32, 7, -72), (42, 4, -92)], [4.5, 7, 7]),  # medial pterygoid
    ([(6, -4, -62), (9, -7, -74), (9, -10, -92)], [4, 6, 6]),  # long muscles before the spine
    ([(57, -40, -62), (55, -34, -76), (50, -22, -92)], [5, 8, 8]),  # sternocleidomastoid
    ([(43, -36, -62), (40, -26, -76), (38, -18, -92)], [3, 4.5, 4]),  # digastric
    ([(16, -84, -56), (14, -84, -72), (14, -80, -92)], [7, 12.5, 13]),  # semispinal
    ([(34, -66, -58), (33, -66, -74), (33, -62, -92)], [5, 9, 10]),  # splenius
    ([(16, -62, -66), (17, -57, -80), (16, -54, -92)], [6, 9, 9]),  # below the occiput
    ([(33, -42, -68), (36, -44, -80), (37, -44, -92)], [5, 7, 8]),  # oblique
)


def paint_muscles(labels: Int[np.ndarray, "x y z"], deep: Bool[np.ndarray, "x y z"], rng: np.random.Generator) -> None:
    """Paint fat with loose strands of muscle below the skull, muscle beside it, and the bellies with streaks of fat.

    Args:
        labels: Material of each voxel; changed in place.
        deep: Voxels deep under the skin.
        rng: Random generator.
    """
    _, _, z = axes_mm()
    loose = smooth_noise(rng, SHAPE, (5, 6, 14))
    labels[deep] = Tissue.MUSCLE
    labels[deep & (z < -46) & (loose > 0.75)] = Tissue.FAT
    for points, radii in _BELLIES:
        bulk = float(rng.normal(1, 0.06))
        for side in (1, -1):
            region = tube(mirrored(points, side), [radius * bulk for radius in radii])
            paint(labels, region, Tissue.MUSCLE, deep)
            box, inside = region
            septa = np.abs(smooth_noise(rng, inside.shape, (4, 6, 18))) < 0.10
            labels[box][inside & septa & deep[box]] = Tissue.FAT
