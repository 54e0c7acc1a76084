# SPDX-License-Identifier: Apache-2.0
"""What is checked of a NIfTI file before its voxels are used."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int32, Shaped

from lessgad.errors import VolumeError
from lessgad.not_fetched import GET_IT, not_fetched

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image


def open_nifti(path: Path) -> Nifti1Image:
    """Open a NIfTI file without reading its voxels.

    Args:
        path: The file, ``.nii`` or ``.nii.gz``.

    Returns:
        The opened image; its voxels are not read yet.

    Raises:
        VolumeError: The file is missing, not fetched, or not NIfTI.
    """
    import nibabel
    from nibabel import imageglobals
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError, HeaderTypeError
    from nibabel.wrapstruct import WrapStructError

    if path.is_dir():
        raise VolumeError(
            "This is a folder, not a NIfTI file",
            path=path,
            remedy="Convert DICOM to NIfTI first, for example with dcm2niix",
        )
    if (why := not_fetched(path)) is not None:
        raise VolumeError(f"The image cannot be read: it is {why}", path=path, remedy=GET_IT)
    if not path.is_file():
        raise VolumeError("There is no such file", path=path)
    damaged = (ImageFileError, HeaderDataError, HeaderTypeError, WrapStructError)
    try:
        with imageglobals.LoggingOutputSuppressor():  # it would print what it mends, without the name of the file
            image = nibabel.load(path)
    except (*damaged, OSError, EOFError, ValueError, OverflowError, zlib.error) as error:
        raise VolumeError(f"The file is damaged or not NIfTI ({error})", path=path) from error
    if not isinstance(image, nibabel.nifti1.Nifti1Pair):
        raise VolumeError(f"The file is a {type(image).__name__}, not NIfTI", path=path)
    return image


def check_intensities(array: Float[np.ndarray, "i j k"], path: Path, *, needs_contrast: bool) -> None:
    """Refuse an image with NaN or infinite voxels, or with one value in every voxel.

    Args:
        array: The image.
        path: File, for the error.
        needs_contrast: Whether one value in every voxel is an error.

    Raises:
        VolumeError: The image cannot be used.
    """
    lowest, highest = float(array.min()), float(array.max())
    if not np.isfinite([lowest, highest]).all():
        n_bad = int((~np.isfinite(array)).sum())
        raise VolumeError(f"{n_bad} {'voxel is' if n_bad == 1 else 'voxels are'} NaN or infinite", path=path)
    if needs_contrast and lowest == highest:
        raise VolumeError(f"The image has no contrast: every voxel is {lowest:g}", path=path)


def as_labels(array: Shaped[np.ndarray, "i j k"], path: Path) -> Int32[np.ndarray, "i j k"]:
    """Take an image of whole numbers for labels.

    Args:
        array: The image, of any type.
        path: File, for the error.

    Returns:
        The labels, int32.

    Raises:
        VolumeError: A voxel is no whole number of 32 bits.
    """
    if np.can_cast(array.dtype, np.int32):
        return array.astype(np.int32)
    if not np.isfinite(array).all():
        raise VolumeError("The labels hold NaN or infinite values; they must be whole numbers", path=path)
    if np.abs(array).max() > np.iinfo(np.int32).max:
        raise VolumeError("The labels hold numbers beyond 32 bits", path=path)
    labels = np.rint(array).astype(np.int32)
    if np.abs(array - labels).max() > 1e-3:
        raise VolumeError(
            "The labels hold fractions; they must be whole numbers",
            path=path,
            remedy="Resample masks with nearest neighbor",
        )
    return labels
