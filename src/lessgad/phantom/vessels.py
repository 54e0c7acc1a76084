# SPDX-License-Identifier: Apache-2.0
"""The large veins and arteries of the posterior fossa and the base of the skull, and the pituitary between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from lessgad.phantom.brain import Brain
from lessgad.phantom.shapes import ORIGIN_MM, SHAPE, Number, Point, Region, ellipsoid, mirrored, paint, tube
from lessgad.phantom.tissues import Tissue


def paint_vessels(labels: Int[np.ndarray, "x y z"], brain: Brain, rng: np.random.Generator) -> None:
    """Paint dural sinuses (one side usually the larger), jugular, carotid, vertebral and basilar arteries.

    Args:
        labels: Material of each voxel; changed in place.
        brain: The brain that all heads share.
        rng: Random generator.
    """
    outside_brain = brain.distance_mm > 0.5
    dominant = 1 if rng.random() < 0.65 else -1
    confluence = (0.0, -104.0, -16.0)
    paint(labels, _vein([confluence, (0, -110, 6), (0, -110, 26)], [4.5, 4, 4], brain), Tissue.VEIN, outside_brain)
    for side in (1, -1):
        size = 1.0 if side == dominant else rng.uniform(0.55, 0.9)
        transverse = mirrored([confluence, (22, -100, -20), (44, -82, -24), (56, -60, -27)], side)
        sigmoid = mirrored([(56, -60, -27), (54, -52, -38), (48, -46, -50), (39, -42, -57), (31, -36, -59)], side)
        for path, radii in ((transverse, [4, 4, 4.5, 5]), (sigmoid, [5, 5.5, 5.5, 5, 5])):
            sized = [radius * size for radius in radii]
            paint(labels, _vein(path, sized, brain), Tissue.VEIN, outside_brain)
        jugular = mirrored([(31, -36, -58), (30, -29, -60), (34, -24, -72), (35, -22, -92)], side)
        paint(labels, tube(jugular, [5 * size, 6 * size, 5.5 * size, 6 * size]), Tissue.VEIN, outside_brain)
    _paint_sella(labels)
    bend = rng.normal(0, 1.5)
    basilar: list[Point] = [(0, -17, -52), (bend, -12.5, -44), (bend, -11, -34), (0, -9, -24)]
    paint(labels, tube(basilar, 1.9), Tissue.ARTERY, outside_brain)
    for side in (1, -1):
        vertebral = mirrored([(24, -38, -78), (14, -36, -70), (8, -26, -60), (0, -17, -52)], side)
        paint(labels, tube(vertebral, 1.7), Tissue.ARTERY, outside_brain)


def _paint_sella(labels: Int[np.ndarray, "x y z"]) -> None:
    paint(labels, ellipsoid((0, 4, -36), (11, 8, 5)), Tissue.BONE)
    for side in (1, -1):
        paint(labels, ellipsoid(mirrored([(12, 2, -33)], side)[0], (4.5, 10, 6)), Tissue.VEIN)
        paint(labels, ellipsoid(mirrored([(18.5, -8, -35)], side)[0], (2.8, 4.5, 4)), Tissue.CSF)
        carotid = [
            (33, -17, -92),
            (31, -16, -54),
            (28, -10, -45),
            (15, -5, -41),
            (13, -2, -35),
            (12, 9, -34),
            (11, 9, -27),
        ]
        paint(labels, tube(mirrored(carotid, side), 2.6), Tissue.ARTERY)
        external = mirrored([(38, -12, -92), (48, -12, -72), (53, -14, -60)], side)
        paint(labels, tube(external, [2, 1.6, 1.2]), Tissue.ARTERY)
    paint(labels, ellipsoid((0, 4, -32.5), (7, 5, 4)), Tissue.PITUITARY)
    paint(labels, tube([(0, 3, -29), (0, 0, -22)], 1.0), Tissue.PITUITARY)


def _vein(points: Sequence[Point], radii: Sequence[Number], brain: Brain) -> Region:
    """Make a tube along the inner face of the skull: the points are moved there, with three more between each two."""
    knots = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, 4 * (len(points) - 1) + 1)
    path = np.stack([np.interp(fine, knots, axis) for axis in np.array(points).T], axis=1)
    path[:, :2] = [_nearest_dura(point, brain) for point in path]
    path[1:-1] = (path[:-2] + 2 * path[1:-1] + path[2:]) / 4
    return tube([(x, y, z) for x, y, z in path.tolist()], np.interp(fine, knots, radii).tolist())


def _nearest_dura(point: Float[np.ndarray, "3"], brain: Brain) -> Float[np.ndarray, "2"]:
    """Give the x and y of the nearest place on the inner face of the skull in the same transverse slice."""
    reach = 14
    i, j, k = np.clip(np.rint(point - np.array(ORIGIN_MM)).astype(int), 0, np.array(SHAPE) - 1)
    first = np.maximum(np.array([i, j]) - reach, 0)
    window = brain.outside_mm[first[0] : i + reach + 1, first[1] : j + reach + 1, k]
    rim = np.argwhere((window > 0) & (window <= 2.5)) + first
    if len(rim) == 0:
        return point[:2]
    return rim[np.argmin(((rim - np.array([i, j])) ** 2).sum(axis=1))] + np.array(ORIGIN_MM[:2])
