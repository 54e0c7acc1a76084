# SPDX-License-Identifier: Apache-2.0
"""Where the internal auditory canals are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.phantom.shapes import Box, Point, Region, axes_mm, mirrored, tube

# The canal of the right side, from the porus, where the posterior face of the petrous bone meets the cistern of the
# cerebellopontine angle, to the fundus beside the cochlea (MNI mm; read off the template, which is larger than life:
# porus 24 mm from the midline, fundus 11 mm further out and 1 mm further back).
PORUS_MM: Point = (24.0, -26.5, -38.0)
FUNDUS_MM: Point = (35.0, -27.5, -37.5)
CANAL_RADIUS_MM = 2.7


def canal_points(side: int) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Give porus and fundus of one side (1 right, −1 left).

    Args:
        side: 1 for the right side, −1 for the left.

    Returns:
        Porus and fundus, in MNI mm.
    """
    porus, fundus = mirrored([PORUS_MM, FUNDUS_MM], side)
    return np.array(porus), np.array(fundus)


def along_canal(side: int, box: Box) -> tuple[Float[np.ndarray, "i j k"], Float[np.ndarray, "i j k"]]:
    """Compute the distance along the axis of the canal (0 at the porus, positive into the bone) and from the axis.

    Args:
        side: 1 for the right side, −1 for the left.
        box: Box of the grid to compute in.

    Returns:
        Both distances in mm, (i, j, k) each.
    """
    porus, fundus = canal_points(side)
    direction = (fundus - porus) / np.linalg.norm(fundus - porus)
    x, y, z = (axis - np.float32(p) for axis, p in zip(axes_mm(box), porus, strict=True))
    along = x * np.float32(direction[0]) + y * np.float32(direction[1]) + z * np.float32(direction[2])
    return along, np.sqrt(np.maximum(x**2 + y**2 + z**2 - along**2, 0))


def canal(side: int, widened_mm: float = 0.0) -> Region:
    """Find the lumen of the canal with its funnel at the porus.

    Args:
        side: 1 for the right side, −1 for the left.
        widened_mm: How much wider than normal the canal is, in mm.

    Returns:
        Box and voxels.
    """
    porus, fundus = (tuple(point.tolist()) for point in canal_points(side))
    mouth = mirrored([(21.5, -25.3, -38.0)], side)[0]
    radii = [3.6, CANAL_RADIUS_MM + 0.3 + widened_mm, CANAL_RADIUS_MM - 0.4 + widened_mm]
    return tube([mouth, porus, fundus], radii)


def canal_wall(side: int) -> Region:
    """Find the canal with 2.5 mm of bone around it, from the porus outward."""
    porus, fundus = (tuple(point.tolist()) for point in canal_points(side))
    box, inside = tube([porus, fundus], CANAL_RADIUS_MM + 2.5)
    along, _ = along_canal(side, box)
    return box, inside & (along > 0.5)
