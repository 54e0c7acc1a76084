# SPDX-License-Identifier: Apache-2.0
"""Volumes and distances of masks in mm, on grids whose voxels need not be cubes."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.errors import VolumeError

SMALLEST_CLUSTER_MM3 = 10.0
_DENSE = 0.03  # share of voxels from which on looking at all of them is faster
_SLACK = 1e-6  # relative; spacings come out of affines with rounding errors

Spacing = tuple[float, float, float]


def volume_ml(mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing) -> float:
    """Compute the volume of a mask.

    Args:
        mask: A mask.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        Volume in ml.
    """
    return float(np.count_nonzero(mask)) * math.prod(spacing_mm) / 1000


def fewest_voxels(volume_mm3: float, spacing_mm: Spacing) -> int:
    """Compute the number of voxels that fill a volume.

    Args:
        volume_mm3: Volume, in mm³.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        The number, at least 1.
    """
    return max(1, math.ceil(volume_mm3 / math.prod(spacing_mm) * (1 - _SLACK)))


def in_clusters(
    mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing, smallest_mm3: float = SMALLEST_CLUSTER_MM3
) -> Bool[np.ndarray, "x y z"]:
    """Keep the voxels that lie in clusters (voxels that share a face) of at least `smallest_mm3`.

    Args:
        mask: A mask.
        spacing_mm: Voxel spacing, in mm.
        smallest_mm3: Volume of the smallest cluster to keep, in mm³.

    Returns:
        True for the voxels that are kept.
    """
    voxels = np.flatnonzero(np.ascontiguousarray(mask))
    kept = np.zeros(mask.shape, bool)  # in C order, whatever the order of the mask: reshape must give a view
    kept.reshape(-1)[voxels[_in_large(voxels, mask.shape, spacing_mm, smallest_mm3)]] = True
    return kept


def clustered_ml(
    voxels: Int[np.ndarray, " voxel"],
    shape: tuple[int, ...],
    spacing_mm: Spacing,
    smallest_mm3: float = SMALLEST_CLUSTER_MM3,
) -> float:
    """Measure the volume of those voxels that lie in large clusters.

    Args:
        voxels: Flat indices of the voxels, ascending.
        shape: Shape of the volume.
        spacing_mm: Voxel spacing along each axis.
        smallest_mm3: Volume from which on a cluster counts.

    Returns:
        The volume in ml, 0 or above.
    """
    n_voxels = np.count_nonzero(_in_large(voxels, shape, spacing_mm, smallest_mm3))
    return float(n_voxels) * math.prod(spacing_mm) / 1000


def clusters_of(voxels: Int[np.ndarray, " voxel"], shape: tuple[int, ...]) -> Int[np.ndarray, " voxel"]:
    """Number the clusters (voxels that share a face) of some voxels.

    Args:
        voxels: Flat indices of the voxels, ascending.
        shape: Shape of the volume.

    Returns:
        The number of the cluster of each voxel, from 0 on.
    """
    n_all = math.prod(shape)
    if len(voxels) > _DENSE * n_all:
        from scipy import ndimage

        mask = np.zeros(n_all, bool)
        mask[voxels] = True
        labels, _ = ndimage.label(mask.reshape(shape))
        numbers: Int[np.ndarray, " voxel"] = labels.reshape(-1)[voxels] - 1
        return numbers
    return _joined(len(voxels), _touching(voxels, shape)) if len(voxels) else voxels


def _in_large(
    voxels: Int[np.ndarray, " voxel"], shape: tuple[int, ...], spacing_mm: Spacing, smallest_mm3: float
) -> Bool[np.ndarray, " voxel"]:
    numbers = clusters_of(voxels, shape)
    large: Bool[np.ndarray, " cluster"] = np.bincount(numbers) >= fewest_voxels(smallest_mm3, spacing_mm)
    return large[numbers]


def _touching(voxels: Int[np.ndarray, " voxel"], shape: tuple[int, ...]) -> Int[np.ndarray, "2 pair"]:
    """Pairs of voxels that share a face, by their place in the list."""
    place = np.zeros(math.prod(shape), np.int32)  # from 1 on; where no voxel lies its memory is never touched
    place[voxels] = np.arange(1, len(voxels) + 1, dtype=np.int32)
    pairs = []
    for axis, n in enumerate(shape):
        step = math.prod(shape[axis + 1 :])
        inside = np.flatnonzero(voxels // step % n < n - 1)
        other = place[voxels[inside] + step] - 1
        pairs.append(np.stack((inside[other >= 0], other[other >= 0])))
    return np.concatenate(pairs, axis=1)


def _joined(n_voxels: int, pairs: Int[np.ndarray, "2 pair"]) -> Int[np.ndarray, " voxel"]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = pairs
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), (n_voxels, n_voxels))
    numbers: Int[np.ndarray, " voxel"] = connected_components(graph, directed=False)[1]
    return numbers


def box_around(mask: Bool[np.ndarray, "x y z"], n_beyond: tuple[int, ...] = (0, 0, 0)) -> tuple[slice, ...]:
    """Find the smallest box that holds a mask, with a margin where the grid allows.

    Args:
        mask: A mask.
        n_beyond: Voxels to add on each side, along each axis.

    Returns:
        Index of the box.

    Raises:
        VolumeError: The mask is empty.
    """
    if not mask.any():
        raise VolumeError("The mask is empty")
    occupied = (np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    return tuple(slice(max(0, int(at[0]) - n), int(at[-1]) + 1 + n) for at, n in zip(occupied, n_beyond, strict=True))


def distance_mm(mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing, reach_mm: float) -> Float[np.ndarray, "x y z"]:
    """Compute the distance of each voxel's center to the closest center of a voxel of `mask`.

    Args:
        mask: A mask.
        spacing_mm: Voxel spacing, in mm.
        reach_mm: Largest distance of interest, in mm.

    Returns:
        Distance in mm; infinite beyond `reach_mm`.

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
