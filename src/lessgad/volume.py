# SPDX-License-Identifier: Apache-2.0
"""An image on a grid: an array and the affine that places it in the scanner.

World coordinates are millimeters, RAS+ (x to the right, y to the front, z to the head), as in
NIfTI. A volume in *transverse order* has array axes closest to x, y, z, so that
``array[:, :, k]`` is the k-th slice closest to transverse, from the feet up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Shaped

from lessgad.atomic_write import replacing
from lessgad.axis_order import axis_order
from lessgad.errors import VolumeError
from lessgad.gzip_file import writing_gzip
from lessgad.nifti_file import as_labels, check_intensities, open_nifti
from lessgad.nifti_frame import Affine as Affine
from lessgad.nifti_frame import Frame, affine_and_frame, check_voxel_size, set_frame
from lessgad.nifti_whole import check_promise, is_stored, read_voxels

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

GRID_TOLERANCE_MM = 1e-2
NIFTI_SUFFIXES = (".nii", ".nii.gz")


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3D array with its place in the scanner.

    Attributes:
        array: Voxels, shape (i, j, k).
        affine: Maps voxel indices (i, j, k, 1) to RAS+ millimeters.
        frame: Facts of the coordinates that the affine leads to.
    """

    array: Shaped[np.ndarray, "i j k"]
    affine: Affine
    frame: Frame = field(default_factory=Frame)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighboring voxels along each array axis, in mm."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @classmethod
    def from_nibabel(cls, image: Any, *, labels: bool = False) -> Volume:  # noqa: ANN401 - nibabel has no types
        """Take an image of nibabel, checked as `read_volume` checks a file.

        Args:
            image: Any spatial image of nibabel with three dimensions.
            labels: Whether the voxels are labels.

        Returns:
            The volume, float32, or int32 for labels.

        Raises:
            VolumeError: The image cannot be used.
        """
        from nibabel.nifti1 import Nifti1Image, Nifti1Pair

        nifti = image if isinstance(image, Nifti1Pair) else Nifti1Image.from_image(image)
        path = Path(image.get_filename() or "an image of nibabel")
        return _volume_of(nifti, path, labels=labels, needs_contrast=False)

    def to_nibabel(self) -> Nifti1Image:
        """Give the volume as a NIfTI image of nibabel; bool becomes uint8, every other type is kept."""
        from nibabel.nifti1 import Nifti1Header, Nifti1Image

        array = self.array.astype(np.uint8) if self.array.dtype == bool else self.array
        header = Nifti1Header()
        header.set_data_dtype(array.dtype)
        header.set_data_shape(array.shape)
        set_frame(header, self.affine, self.frame)
        return Nifti1Image(array, header.get_best_affine(), header)  # with another, nibabel would set codes of its own

    def with_array(self, array: Shaped[np.ndarray, "i j k"]) -> Volume:
        """Another image on the same grid."""
        return replace(self, array=array)


def same_grid(one: Volume, other: Volume) -> bool:
    """Say whether two volumes have the same shape and no corner is more than 0.01 mm apart.

    Args:
        one: A volume.
        other: Another volume.

    Returns:
        True if they share a grid.
    """
    if one.array.shape != other.array.shape:
        return False
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in one.array.shape])).reshape(3, -1)
    difference = one.affine - other.affine
    distance = difference[:3, :3] @ corners + difference[:3, 3:]
    return bool(np.linalg.norm(distance, axis=0).max() <= GRID_TOLERANCE_MM)


def in_transverse_order(volume: Volume) -> Volume:
    """Reorder and flip the axes so that they are closest to x, y, z (R, A, S); a view, nothing is resampled."""
    from nibabel.orientations import apply_orientation, inv_ornt_aff

    orientation = axis_order(volume.affine)
    affine = volume.affine @ inv_ornt_aff(orientation, volume.array.shape)
    return Volume(apply_orientation(volume.array, orientation), affine, volume.frame)


def in_order_of(volume: Volume, like: Volume) -> Volume:
    """Undo `in_transverse_order`: give `volume` the axis order of `like`, whose grid it shares up to that.

    Args:
        volume: A volume in transverse order.
        like: A volume on the same grid, in its own order of axes.

    Returns:
        The volume with the axis order of `like`; a view.

    Raises:
        VolumeError: The two are not the same grid up to the order and direction of axes.
    """
    reordered = with_axes_of(volume, like)
    check_same_grid(reordered, like, "The two images are not on one grid")
    return like.with_array(np.ascontiguousarray(reordered.array))


def with_axes_of(volume: Volume, like: Volume) -> Volume:
    """Give `volume` the order and direction of axes that `like` has, on any grid; a view.

    Args:
        volume: The volume to reorder.
        like: The volume whose order and direction of axes is taken.

    Returns:
        The reordered volume; a view.
    """
    from nibabel.orientations import apply_orientation, inv_ornt_aff, ornt_transform

    change = ornt_transform(axis_order(volume.affine), axis_order(like.affine))
    affine = volume.affine @ inv_ornt_aff(change, volume.array.shape)
    return Volume(apply_orientation(volume.array, change), affine, volume.frame)


def check_same_grid(one: Volume, other: Volume, problem: str, path: Path | None = None) -> None:
    """Raise VolumeError where two volumes do not share a grid.

    Args:
        one: A volume.
        other: Another volume.
        problem: Error message if the grids differ.
        path: The file concerned, for the error.
    """
    if not same_grid(one, other):
        raise VolumeError(f"{problem}: {_grid_words(one)} against {_grid_words(other)}", path=path)


def read_volume(path: Path | str, *, labels: bool = False, needs_contrast: bool = True, own: bool = False) -> Volume:
    """Read a 3D NIfTI as float32 (or int32 labels), checked to be usable.

    Trailing axes of length one are dropped. Uncompressed float32 files are mapped, not loaded.

    Args:
        path: The file, ``.nii`` or ``.nii.gz``.
        labels: Whether the voxels are labels.
        needs_contrast: Whether one value in every voxel is an error.
        own: Whether lessgad wrote the file: its intensities were checked then, and only its length and checksum are.

    Returns:
        The volume in its own axis order, float32, or int32 for labels.

    Raises:
        VolumeError: The file is missing, not fetched, not NIfTI or truncated; its header contradicts itself; or the
            image is not 3D, holds colors, complex numbers, NaN or infinite values, is empty, or is constant (which
            labels may be, and maps that need no contrast).
    """
    path = Path(path)
    return _volume_of(open_nifti(path), path, labels=labels, needs_contrast=needs_contrast, own=own)


def _volume_of(image: Nifti1Image, path: Path, *, labels: bool, needs_contrast: bool, own: bool = False) -> Volume:
    kind = image.get_data_dtype()
    if kind.kind not in "iuf":
        raise VolumeError(
            f"The voxels are colors or complex numbers ({kind.name}); one real number per voxel is needed", path=path
        )
    shape = image.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or 0 in shape:
        remedy = "Give one 3D volume" if len(shape) == 4 else None
        raise VolumeError(
            f"The image has {len(shape)} dimensions ({_times(shape)}); three are needed", path=path, remedy=remedy
        )
    is_file = is_stored(image)  # not one made in memory
    if is_file:
        check_voxel_size(image, path)
    affine, frame = affine_and_frame(image.header, path)
    if is_file:
        check_promise(image, path)
    try:
        array = read_voxels(image, path).reshape(shape, order="F")
    except (OSError, EOFError, ValueError, OverflowError, MemoryError, zlib.error) as error:
        raise VolumeError(f"The file is truncated or damaged ({error})", path=path) from error
    if labels:
        return Volume(as_labels(array, path), affine, frame)
    if array.dtype != np.float32:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
            array = array.astype(np.float32)
    if not own:
        check_intensities(array, path, needs_contrast=needs_contrast)
    return Volume(array, affine, frame)


def write_volume(path: Path | str, volume: Volume) -> None:
    """Write a NIfTI file, whole or not at all; bool becomes uint8, everything else keeps its type.

    Args:
        path: The file, ``.nii`` or ``.nii.gz``.
        volume: The image to write.

    Raises:
        VolumeError: The name does not end in ``.nii`` or ``.nii.gz``.
        StorageError: The disk is full or the folder cannot be written.
    """
    if not Path(path).name.endswith(NIFTI_SUFFIXES):
        raise VolumeError(f"The name {Path(path).name} does not end in .nii or .nii.gz", path=path)
    image = volume.to_nibabel()
    with replacing(Path(path)) as temporary:
        opened = writing_gzip(temporary) if temporary.suffix == ".gz" else temporary.open("wb")
        with opened as stream:  # closed on a full disk too
            image.to_stream(stream)


def _grid_words(volume: Volume) -> str:
    spacing = "×".join(f"{mm:.3g}" for mm in volume.spacing_mm)
    origin = ", ".join(f"{mm:.1f}" for mm in volume.affine[:3, 3])
    return f"{_times(volume.array.shape)} voxels of {spacing} mm at ({origin})"


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in shape)
