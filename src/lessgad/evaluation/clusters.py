# SPDX-License-Identifier: Apache-2.0
"""Volumes and distances of masks in mm, on grids whose voxels need not be cubes."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import VolumeError

SMALLEST_CLUSTER_MM3 = 10.0
_SLACK = 1e-6  # relative; spacings come out of affines with rounding errors

Spacing = tuple[float, float, float]


def volume_ml(mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing) -> float:
    """Volume of a mask in ml."""
    return float(np.count_nonzero(mask)) * math.prod(spacing_mm) / 1000


def fewest_voxels(volume_mm3: float, spacing_mm: Spacing) -> int:
    """How many voxels it takes to fill a volume; at least one."""
    return max(1, math.ceil(volume_mm3 / math.prod(spacing_mm) * (1 - _SLACK)))


def in_clusters(
    mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing, smallest_mm3: float = SMALLEST_CLUSTER_MM3
) -> Bool[np.ndarray, "x y z"]:
    """Keep what lies in clusters (voxels that share a face) of at least `smallest_mm3`."""
    from scipy import ndimage

    labels, n_clusters = ndimage.label(mask)
    if n_clusters == 0:
        return mask
    large: Bool[np.ndarray, " cluster"] = np.bincount(labels.ravel()) >= fewest_voxels(smallest_mm3, spacing_mm)
    large[0] = False
    return large[labels]


def box_around(mask: Bool[np.ndarray, "x y z"], n_beyond: tuple[int, ...] = (0, 0, 0)) -> tuple[slice, ...]:
    """Index of the smallest box that holds a mask and, where the grid goes on, `n_beyond` voxels on each side.

    Raises:
        VolumeError: The mask is empty.
    """
    if not mask.any():
        raise VolumeError("a mask with voxels in it", "an empty one")
    occupied = (np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    return tuple(slice(max(0, int(at[0]) - n), int(at[-1]) + 1 + n) for at, n in zip(occupied, n_beyond, strict=True))


def distance_mm(mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing, reach_mm: float) -> Float[np.ndarray, "x y z"]:
    """Distance of each voxel's center to the closest center of a voxel of `mask`, infinite beyond `reach_mm`.

    Raises:
        VolumeError: The mask is empty.
    """
    from scipy import ndimage

    reach = reach_mm * (1 + _SLACK)
    around = box_around(mask, tuple(math.ceil(reach / spacing) for spacing in spacing_mm))
    near = ndimage.distance_transform_edt(~mask[around], sampling=spacing_mm)
    distance = np.full(mask.shape, np.inf, dtype=np.float32)
    distance[around] = np.where(near <= reach, near, np.inf)
    return distance
