# SPDX-License-Identifier: Apache-2.0
"""Remove the face from a scan of the head, and nothing near the cerebellopontine angle.

Everything in front of one coronal plane is set to 0, from the brow down. The plane lies 20 mm behind the median of the
front of the head, some 60 mm or more in front of the internal auditory canals. A flat cut keeps no relief of the face,
which a layer of constant depth would. Ears and the shape of the skull stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.preparation.head import head_mask
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume, in_transverse_order

CUT_DEPTH_MM = 20.0
#: Of the middle of the face; the cheeks beside it recede.
HALF_WIDTH_MM = 45.0
#: In adults the brow lies about 95 mm below the vertex.
BROW_BELOW_VERTEX_MM, FACE_BELOW_BROW_MM = 80.0, 90.0
#: Of the largest slice of the head; the top slice of a scan that holds the vertex is smaller.
VERTEX_SHARE = 0.4
#: Of the columns of the face that end in air, not at the border of the image.
LEAST_IN_VIEW = 0.1


@dataclass(frozen=True)
class FacePlane:
    """The planes in front of which and below which a face is cut off, in scanner coordinates.

    Attributes:
        y_mm: Voxels in front of it (larger y) are removed …
        z_mm: … if they lie below this height.
    """

    y_mm: float
    z_mm: float


def find_face_plane(scan: Volume) -> FacePlane | None:
    """Find the plane behind the eyes in one scan.

    Args:
        scan: Scan of a head with known orientation, in any axis order.

    Returns:
        The plane; None if the field of view ends behind the face.

    Raises:
        StudyError: There is no head in it.
    """
    ordered = in_transverse_order(scan)
    head = head_mask(ordered.array.astype(np.float32), ordered.spacing_mm)
    x_mm, y_mm, z_mm = (_world(ordered, axis) for axis in range(3))
    height = _slice_heights(z_mm)
    brow = _brow(head, height)
    last = head.shape[1] - 1 - np.argmax(head[:, ::-1], axis=1)  # of each column from the back to the front
    i, k = np.indices(last.shape)
    middle = float(np.median(np.broadcast_to(x_mm, head.shape)[head]))
    of_face = head.any(axis=1) & (np.abs(np.broadcast_to(x_mm, head.shape)[i, last, k] - middle) < HALF_WIDTH_MM)
    of_face &= (height < brow)[None, :] & (height > brow - FACE_BELOW_BROW_MM if np.isfinite(brow) else True)
    seen = of_face & (last < head.shape[1] - 1)
    if not of_face.any() or seen.sum() < LEAST_IN_VIEW * of_face.sum():
        return None
    front = float(np.median(np.broadcast_to(y_mm, head.shape)[i, last, k][seen]))
    return FacePlane(front - CUT_DEPTH_MM, brow)


def deface(scan: Volume, plane: FacePlane, to_plane: RigidTransform | None = None) -> Volume:
    """Set everything in front of the plane to 0; the type stays.

    Args:
        scan: Scan with any order of axes.
        plane: Plane that was found in this scan or in another one of the session.
        to_plane: Map of points of this scan to the coordinates of the plane; None if they are the same.

    Returns:
        The scan without the face.
    """
    removed = in_front_of(plane, scan, to_plane)
    return scan.with_array(np.where(removed, np.zeros((), scan.array.dtype), scan.array))


def in_front_of(plane: FacePlane, scan: Volume, to_plane: RigidTransform | None = None) -> Bool[np.ndarray, "i j k"]:
    """Find the voxels in front of a plane, which defacing removes.

    Args:
        plane: Plane that was found in this scan or in another one of the session.
        scan: Scan with any order of axes.
        to_plane: Map of points of this scan to the coordinates of the plane, as in `deface`.

    Returns:
        True in front of the plane, (i, j, k).
    """
    there = scan if to_plane is None else Volume(scan.array, to_plane.matrix @ scan.affine)
    y_mm, z_mm = _world(there, 1), _world(there, 2)
    return np.broadcast_to((y_mm > plane.y_mm) & (z_mm < plane.z_mm), scan.array.shape)


def _world(volume: Volume, axis: int) -> Float[np.ndarray, "i j k"]:
    """One world coordinate of each voxel, in mm."""
    i, j, k = np.ogrid[tuple(slice(n) for n in volume.array.shape)]
    row = volume.affine[axis]
    found: Float[np.ndarray, "i j k"] = row[0] * i + row[1] * j + row[2] * k + row[3]
    return found


def _slice_heights(z_mm: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, " z"]:
    return z_mm.mean(axis=(0, 1))


def _brow(head: Bool[np.ndarray, "x y z"], height: Float[np.ndarray, " z"]) -> float:
    """Height of the brow; infinite for a slab that does not reach the vertex: it lies below or close to it."""
    areas = head.sum(axis=(0, 1))
    top = int(np.flatnonzero(areas)[-1])
    if areas[top] > VERTEX_SHARE * areas.max():
        return float("inf")
    return float(height[top]) - BROW_BELOW_VERTEX_MM
