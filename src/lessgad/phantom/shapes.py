# SPDX-License-Identifier: Apache-2.0
"""Tubes, ellipsoids and smooth noise on the grid on which the head is built.

The grid is that of the ICBM152 template (1 mm, RAS+, MNI coordinates), without the vertex and
with more room below and in front, for the neck and the face.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

ORIGIN_MM = (-98.0, -134.0, -84.0)
SHAPE = (197, 251, 111)

Number = int | float
Point = tuple[Number, Number, Number]
Box = tuple[slice, slice, slice]
Axes = tuple[Float[np.ndarray, "i 1 1"], Float[np.ndarray, "1 j 1"], Float[np.ndarray, "1 1 k"]]
Region = tuple[Box, Bool[np.ndarray, "i j k"]]


def axes_mm(box: Box | None = None) -> Axes:
    """Coordinates of the grid's voxels along x, y and z in mm, ready to broadcast."""
    axes = [np.arange(n, dtype=np.float32) + np.float32(start) for n, start in zip(SHAPE, ORIGIN_MM, strict=True)]
    if box is not None:
        axes = [axis[part] for axis, part in zip(axes, box, strict=True)]
    x, y, z = axes
    return x[:, None, None], y[None, :, None], z[None, None, :]


def box_around(low_mm: Sequence[Number], high_mm: Sequence[Number]) -> Box:
    """Find the part of the grid between two corners.

    Args:
        low_mm: Lowest coordinates, in MNI mm.
        high_mm: Highest coordinates, in MNI mm.

    Returns:
        The box.
    """
    parts = []
    for low, high, start, n in zip(low_mm, high_mm, ORIGIN_MM, SHAPE, strict=True):
        first = min(max(int(np.floor(low - start)), 0), n)
        parts.append(slice(first, max(first, min(int(np.ceil(high - start)) + 1, n))))
    return parts[0], parts[1], parts[2]


def ellipsoid(center: Point, radii: Point, yaw_degrees: Number = 0.0) -> Region:
    """Find the voxels inside an ellipsoid, rotated about z (counterclockwise seen from above).

    Args:
        center: Center, in MNI mm.
        radii: Radii along the three axes, in mm.
        yaw_degrees: Rotation about the vertical axis, in degrees.

    Returns:
        Box and voxels.
    """
    reach = max(radii[0], radii[1])
    extent = np.array([reach, reach, radii[2]])
    box = box_around((np.array(center) - extent).tolist(), (np.array(center) + extent).tolist())
    x, y, z = (axis - middle for axis, middle in zip(axes_mm(box), center, strict=True))
    cosine, sine = np.cos(np.deg2rad(yaw_degrees)), np.sin(np.deg2rad(yaw_degrees))
    along, across = cosine * x + sine * y, cosine * y - sine * x
    return box, (along / radii[0]) ** 2 + (across / radii[1]) ** 2 + (z / radii[2]) ** 2 <= 1


def tube(points: Sequence[Point], radii: Number | Sequence[Number]) -> Region:
    """Find the voxels inside a tube along a polyline, with one radius or one per point, linear in between.

    Args:
        points: Points of the axis, in MNI mm.
        radii: Radius at each point, in mm.

    Returns:
        Box and voxels.
    """
    radius = np.broadcast_to(np.asarray(radii, dtype=np.float64), len(points))
    corners = np.asarray(points, dtype=np.float64)
    box = box_around((corners - radius[:, None]).min(axis=0).tolist(), (corners + radius[:, None]).max(axis=0).tolist())
    x, y, z = axes_mm(box)
    inside = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), dtype=bool)
    for start, end, first, last in zip(corners[:-1], corners[1:], radius[:-1], radius[1:], strict=True):
        step = (end - start).astype(np.float32)
        dx, dy, dz = x - np.float32(start[0]), y - np.float32(start[1]), z - np.float32(start[2])
        along = np.clip((dx * step[0] + dy * step[1] + dz * step[2]) / float(step @ step), 0, 1)
        square = (dx - along * step[0]) ** 2 + (dy - along * step[1]) ** 2 + (dz - along * step[2]) ** 2
        inside |= square <= (first + (last - first) * along) ** 2
    return box, inside


def mirrored(points: Sequence[Point], side: int) -> list[Point]:
    """Keep points on the right (`side` 1), or mirror them to the left (−1).

    Args:
        points: Points of the axis, in MNI mm.
        side: 1 for the right side, −1 for the left.

    Returns:
        The points.
    """
    return [(side * x, y, z) for x, y, z in points]


def paint(
    labels: Int[np.ndarray, "x y z"],
    region: Region,
    tissue: int,
    where: Bool[np.ndarray, "x y z"] | None = None,
) -> None:
    """Write `tissue` into the region of `labels`, in place; only `where` it is True.

    Args:
        labels: Material of each voxel; changed in place.
        region: Box and the voxels in it to paint.
        tissue: The material to paint.
        where: Voxels that may change; None for all.
    """
    box, inside = region
    if where is not None:
        inside = inside & where[box]
    labels[box][inside] = tissue


def stretch(coarse: Float[np.ndarray, "i j k"], shape: tuple[int, int, int]) -> Float[np.ndarray, "x y z"]:
    """Interpolate linearly so that the corners of `coarse` lie on the corners of a grid of `shape`.

    Args:
        coarse: Values on the coarse grid.
        shape: Number of voxels along each axis.

    Returns:
        The interpolated values.
    """
    fine = coarse.astype(np.float32)
    for axis, n in enumerate(shape):
        position = np.linspace(0, coarse.shape[axis] - 1, n)
        lower = np.minimum(position.astype(int), coarse.shape[axis] - 2)
        weight = np.zeros((n, coarse.shape[axis]), dtype=np.float32)
        weight[np.arange(n), lower] = 1 - (position - lower)
        weight[np.arange(n), lower + 1] = position - lower
        fine = np.moveaxis(np.tensordot(weight, fine, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(fine)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int, int], grain: Number | Sequence[Number]
) -> Float[np.ndarray, "x y z"]:
    """Draw Gaussian noise of SD 1 with a given correlation length.

    Args:
        rng: Random generator.
        shape: Number of voxels along each axis.
        grain: Correlation length, in voxels.

    Returns:
        The noise.
    """
    grains = np.broadcast_to(np.asarray(grain, dtype=np.float64), 3)
    coarse = rng.standard_normal([max(2, round(n / g) + 1) for n, g in zip(shape, grains, strict=True)])
    field = stretch(coarse, shape)
    return (field - field.mean()) / field.std()
