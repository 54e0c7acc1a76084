# SPDX-License-Identifier: Apache-2.0
"""What lies outside the skull: skin, fat, muscle, eyes, nose, sinuses, ears, neck."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.phantom.brain import distance_outside, load_brain
from lessgad.phantom.muscles import paint_muscles
from lessgad.phantom.shapes import SHAPE, Number, Region, axes_mm, ellipsoid, mirrored, paint, smooth_noise, tube
from lessgad.phantom.tissues import Tissue


@cache
def depth_mm() -> Float[np.ndarray, "x y z"]:
    """Compute the depth under the skin.

    Returns:
        Depth in mm, 0 in the air around the head.
    """
    from scipy.ndimage import gaussian_filter

    head = (load_brain().outside_mm < 12.5) | _face_and_neck()
    smooth = gaussian_filter(head.astype(np.float32), 3.0, truncate=2.0) > 0.5
    for side in (1, -1):
        for box, inside in _ear(side):
            smooth[box] |= inside
    return distance_outside(~smooth)


def paint_soft_tissue(
    labels: Int[np.ndarray, "x y z"], free: Bool[np.ndarray, "x y z"], rng: np.random.Generator
) -> None:
    """Paint skin, the fat under it, and the muscles, where it is `free`.

    Args:
        labels: Material of each voxel; changed in place.
        free: Voxels that are not yet assigned to a material.
        rng: Random generator.
    """
    depth = depth_mm()
    _, y, z = axes_mm()
    fat_mm = rng.uniform(2.2, 4.5) * np.exp(0.18 * smooth_noise(rng, SHAPE, 30)) + 2.0 * (z < -50) * (y < -60)
    deep = free & (depth > 0)
    paint_muscles(labels, deep, rng)
    labels[deep & (depth < fat_mm + 1.8)] = Tissue.FAT
    labels[deep & (depth <= 1.8)] = Tissue.SKIN
    for region in _fat_pads():
        paint(labels, region, Tissue.FAT, deep & (depth > 1.8))
    for side in (1, -1):
        parotid = ellipsoid(mirrored([(60, -10, -72)], side)[0], (9, 13, 17))
        paint(labels, parotid, Tissue.GLAND, deep & (depth > 3))
        for region in _ear(side):
            paint(labels, region, Tissue.SKIN, deep)


def paint_orbits(labels: Int[np.ndarray, "x y z"], free: Bool[np.ndarray, "x y z"]) -> None:
    """Paint the orbits: a cone of fat in bone, the globe with its lens, optic nerve and muscles.

    Args:
        labels: Material of each voxel; changed in place.
        free: Voxels that are not yet assigned to a material.
    """
    cone = [(33, 60, -37), (30, 46, -36), (17, 20, -32)]
    deep = free & (depth_mm() > 1.8)
    for side in (1, -1):
        paint(labels, tube(mirrored(cone, side), [18, 16, 4.5]), Tissue.BONE, deep & _behind(64))
        paint(labels, tube(mirrored(cone, side), [16.5, 14.5, 3]), Tissue.FAT, deep)
        for x, z, back in ((44.5, -37, 19), (20.5, -37, 15), (32, -25, 17), (32, -48, 17)):
            muscle = mirrored([(x, 56, z), ((x + 29) / 2 + 1, 40, (z - 36) / 2 - 1), (back, 24, -33)], side)
            paint(labels, tube(muscle, [1.3, 2.4, 1.2]), Tissue.MUSCLE, deep)
        paint(labels, tube(mirrored([(32, 48, -37), (27, 36, -36), (15, 18, -31)], side), 2.0), Tissue.WHITE, deep)
        globe = mirrored([(33, 58, -37)], side)[0]
        paint(labels, ellipsoid(globe, (13.6, 13.6, 13.6)), Tissue.MUSCLE, deep)
        paint(labels, ellipsoid(globe, (12.4, 12.4, 12.4)), Tissue.VITREOUS, deep)
        paint(labels, ellipsoid((globe[0], 67.5, -37), (4.8, 2.4, 4.8)), Tissue.LENS, deep)


def paint_airways(labels: Int[np.ndarray, "x y z"], free: Bool[np.ndarray, "x y z"], rng: np.random.Generator) -> None:
    """Paint nose, ethmoid cells, sphenoid, maxillary and frontal sinuses and pharynx, lined with mucosa.

    Args:
        labels: Material of each voxel; changed in place.
        free: Voxels that are not yet assigned to a material.
        rng: Random generator.
    """
    lining = rng.uniform(0.8, 1.8)
    sphenoid = rng.uniform(-3, 3)
    cavities: list[Region] = [tube([(0, 14, -62), (0, 6, -74), (0, 4, -92)], [6, 7, 7])]
    linings: list[Region] = [tube([(0, 14, -62), (0, 6, -74), (0, 4, -92)], [8, 9.5, 9.5])]
    for side in (1, -1):
        for center, radii in (
            (mirrored([(33, 42, -64)], side)[0], (14.0, 17.0, 15.0)),
            ((side * 7 + sphenoid, 20.0, -42.0), (6.5, 10.0, 8.0)),
            (mirrored([(9, 80, -16)], side)[0], (9.0, 3.5, 9.0)),
        ):
            x, y, z = radii
            cavities.append(ellipsoid(center, (x - lining, y - lining, z - lining)))
            linings.append(ellipsoid(center, (x, y, z)))
    for region in linings:
        paint(labels, region, Tissue.MUCOSA, free)
    _paint_nose(labels, free, rng)
    for region in cavities:
        paint(labels, region, Tissue.AIR, free)


def _paint_nose(labels: Int[np.ndarray, "x y z"], free: Bool[np.ndarray, "x y z"], rng: np.random.Generator) -> None:
    """Paint a cavity with septum and turbinates below, and a honeycomb of cells between the orbits above."""
    box, inside = tube([(0, 80, -62), (0, 50, -62), (0, 20, -58)], [9, 15, 12])
    x, _, z = axes_mm(box)
    inside = inside & free[box] & (np.abs(x) < 15)
    labels[box][inside] = Tissue.MUCOSA
    bend = 1.5 * np.sin(z / 9.0 + rng.uniform(0, 6))
    labels[box][inside & (np.abs(x) < 13) & (np.abs(x - bend) > 1.7)] = Tissue.AIR
    labels[box][inside & (np.abs(x - bend) < 0.6)] = Tissue.BONE
    for side in (1, -1):
        swollen = rng.uniform(0.75, 1.2)  # the nasal cycle
        for concha, radii in (
            ([(8, 70, -70), (7.5, 48, -69), (7.5, 24, -68)], [3, 5, 3.5]),
            ([(9, 68, -66), (8.5, 46, -65), (8.5, 26, -64)], [2, 3.6, 2.5]),
            ([(8, 62, -59), (7, 46, -58), (7, 24, -58)], [2, 3.4, 2.5]),
        ):
            region = tube(mirrored(concha, side), [radius * swollen for radius in radii])
            paint(labels, region, Tissue.MUCOSA, free)
    box, inside = tube([(0, 66, -40), (0, 32, -40)], [10, 11])
    inside = inside & free[box]
    x, _, _ = axes_mm(box)
    cells = smooth_noise(rng, inside.shape, (5, 6, 6))
    labels[box][inside] = Tissue.AIR
    labels[box][inside & ((np.abs(cells) < 0.28) | (np.abs(x) < 0.8))] = Tissue.MUCOSA


def _behind(y_mm: Number) -> Bool[np.ndarray, "1 y 1"]:
    return axes_mm()[1] < y_mm


def _face_and_neck() -> Bool[np.ndarray, "x y z"]:
    x, y, z = axes_mm()
    heights = [-90, -70, -50, -38, -25, -10, 5]
    half_width = np.interp(z, heights, [58, 65, 69, 69, 62, 56, 50])
    front = np.interp(z, heights, [78, 80, 78, 76, 82, 86, 86])
    face = (np.abs(x) / half_width) ** 2.5 + (np.abs(y - 5) / (front - 5)) ** 2.5 <= 1
    face &= (y > -20) & (z < 6)
    neck_width = np.interp(z, [-90, -60, -40, -30], [62, 66, 58, 40])
    neck = (x / neck_width) ** 2 + ((y + 42) / np.interp(z, [-90, -60, -40, -30], [66, 68, 60, 40])) ** 2 <= 1
    neck &= z < -30
    mask = face | neck
    for box, inside in (
        ellipsoid((0, 84, -64), (15, 22, 14)),
        tube([(0, 74, -30), (0, 82, -46), (0, 98, -62)], [9, 9, 9]),
        *(tube(mirrored([(52, 42, 10), (58, 36, -20), (62, 25, -45)], side), [12, 13, 9]) for side in (1, -1)),
    ):
        mask[box] |= inside
    return mask


def _ear(side: int) -> list[Region]:
    """Make the auricle: a tilted plate with a thicker rim."""
    plate = ellipsoid(mirrored([(80, -33, -41)], side)[0], (3.0, 15, 22), 28.0 * side)
    rim = tube(mirrored([(80, -38, -58), (87, -43, -46), (86, -42, -30), (78, -31, -22)], side), [2, 2.6, 2.6, 2])
    lobe = tube(mirrored([(73, -24, -62), (77, -28, -58)], side), [3.5, 3.5])
    return [plate, rim, lobe]


def _fat_pads() -> list[Region]:
    """Fat that is always there: cheek, infratemporal and parapharyngeal spaces, the seam of the neck."""
    pads = [tube([(0, -104, -58), (0, -88, -74), (0, -80, -92)], [3, 1.5, 1.5])]
    for side in (1, -1):
        pads += [
            tube(mirrored([(47, 38, -72), (44, 24, -60), (44, 12, -54)], side), [8, 5, 3]),
            tube(mirrored([(28, -2, -62), (26, 0, -92)], side), [3, 4]),
            tube(mirrored([(50, 62, -62), (56, 44, -74)], side), [8, 7]),
            tube(mirrored([(30, -75, -62), (42, -60, -72), (44, -50, -92)], side), [1.5, 2, 2]),
            tube(mirrored([(52, 30, -30), (58, 8, -46)], side), [3, 2]),
        ]
    return pads
