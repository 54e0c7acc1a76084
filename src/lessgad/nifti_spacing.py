# SPDX-License-Identifier: Apache-2.0
"""The voxel spacing of a NIfTI file, without its voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lessgad.errors import VolumeError
from lessgad.nifti_file import open_nifti
from lessgad.nifti_frame import affine_and_frame


def read_spacing_mm(path: Path | str) -> tuple[float, float, float]:
    """Read the voxel spacing of an image from its header alone.

    Args:
        path: The file, ``.nii`` or ``.nii.gz``.

    Returns:
        Distance between neighboring voxels along the first three array axes, in mm.

    Raises:
        VolumeError: The file is missing, not fetched or not NIfTI, has fewer than three dimensions, or its header
            contradicts itself.
    """
    path = Path(path)
    image = open_nifti(path)
    if len(image.shape) < 3:
        shape = "×".join(map(str, image.shape))
        raise VolumeError(f"The image has {len(image.shape)} dimensions ({shape}); three are needed", path=path)
    affine, _ = affine_and_frame(image.header, path)
    i, j, k = np.linalg.norm(affine[:3, :3], axis=0)
    return float(i), float(j), float(k)
