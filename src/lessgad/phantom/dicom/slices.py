# SPDX-License-Identifier: Apache-2.0
"""A volume as the slices that a scanner exports: pixels and where they lie, in DICOM's coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt16

from lessgad.errors import VolumeError
from lessgad.volume import Affine, Volume

LARGEST_VALUE = 32767  # GE stores signed 16 bits
_LARGEST_COSINE = 1e-4


@dataclass(frozen=True, eq=False)
class Slices:
    """Parallel slices in order along their normal (row × column direction).

    DICOM's world is LPS+ millimeters: x to the left, y to the back, z to the head. Source: PS3.3 C.7.6.2.

    Attributes:
        pixels: Whole numbers from 0 to 32767.
        positions_mm: Center of the first pixel of each slice (ImagePositionPatient).
        orientation: Unit vectors along a row and along a column (ImageOrientationPatient).
        pixel_spacing_mm: Between rows, then between columns (PixelSpacing).
        slice_spacing_mm: Between slices; they have no gaps.
    """

    pixels: UInt16[np.ndarray, "slice row column"]
    positions_mm: Float[np.ndarray, "slice 3"]
    orientation: Float[np.ndarray, " 6"]
    pixel_spacing_mm: tuple[float, float]
    slice_spacing_mm: float

    @property
    def locations_mm(self) -> Float[np.ndarray, " slice"]:
        """Place of each slice along the normal (SliceLocation)."""
        return self.positions_mm @ np.cross(self.orientation[:3], self.orientation[3:])


def slices_of(volume: Volume) -> Slices:
    """Slice a volume along its third axis.

    Rows and columns run as on a scanner's screen: rows to the patient's left (sagittal: to the back), columns to the
    back (sagittal and coronal: to the feet).

    Args:
        volume: The volume to slice.

    Returns:
        The slices.

    Raises:
        VolumeError: The axes are not perpendicular, or a voxel is not a whole number from 0 to 32767.
    """
    _check(volume)
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    array = volume.array
    along, down = _screen_axes(to_lps)
    cosines = to_lps[:3, :3] / volume.spacing_mm
    if np.abs(cosines[[along, down], [0, 1]]).sum() < np.abs(cosines[[along, down], [1, 0]]).sum():
        array, to_lps = array.swapaxes(0, 1), to_lps[:, [1, 0, 2, 3]]
    downwards = -1.0 if down == 2 else 1.0
    if to_lps[along, 0] < 0:
        array, to_lps = _flipped(array, to_lps, 0)
    if downwards * to_lps[down, 1] < 0:
        array, to_lps = _flipped(array, to_lps, 1)
    if np.linalg.det(to_lps[:3, :3]) < 0:
        array, to_lps = _flipped(array, to_lps, 2)
    columns, rows, between = (float(length) for length in np.linalg.norm(to_lps[:3, :3], axis=0))
    steps = np.arange(array.shape[2])[:, None]
    return Slices(
        pixels=np.ascontiguousarray(array.transpose(2, 1, 0)).astype(np.uint16),
        positions_mm=to_lps[:3, 3] + steps * to_lps[:3, 2],
        orientation=np.concatenate([to_lps[:3, 0] / columns, to_lps[:3, 1] / rows]),
        pixel_spacing_mm=(rows, columns),
        slice_spacing_mm=between,
    )


def _screen_axes(to_lps: Affine) -> tuple[int, int]:
    """World axes that run along the rows and down the columns: those that the slices are closest to."""
    normal = int(np.abs(to_lps[:3, 2]).argmax())
    along, down = (axis for axis in range(3) if axis != normal)
    return along, down


def _flipped(array: np.ndarray, affine: Affine, axis: int) -> tuple[np.ndarray, Affine]:
    flipped = affine.copy()
    flipped[:, 3] += affine[:, axis] * (array.shape[axis] - 1)
    flipped[:, axis] *= -1
    return np.flip(array, axis), flipped


def _check(volume: Volume) -> None:
    cosines = volume.affine[:3, :3] / volume.spacing_mm
    if np.abs(cosines.T @ cosines - np.eye(3)).max() > _LARGEST_COSINE:
        raise VolumeError("The affine has shear; DICOM needs perpendicular axes")
    if volume.array.dtype.kind not in "iu":
        raise VolumeError(f"The voxels are {volume.array.dtype}; they must be whole numbers from 0 to {LARGEST_VALUE}")
    lowest, highest = volume.array.min(), volume.array.max()
    if lowest < 0 or highest > LARGEST_VALUE:
        raise VolumeError(f"The voxels range from {lowest} to {highest}; they must lie between 0 and {LARGEST_VALUE}")
