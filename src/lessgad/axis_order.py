# SPDX-License-Identifier: Apache-2.0
"""The world axis and direction of each array axis of an image."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.nifti_frame import Affine


def axis_order(affine: Affine) -> Float[np.ndarray, "3 2"]:
    """World axis and direction of each array axis, as in nibabel.

    nibabel matches the clearest axis first, whichever it is; past some 40° that can give z an axis that is not
    the closest to it. Here z comes first, because slices are what is looked at.

    Args:
        affine: Affine from voxel indices to RAS+ mm.

    Returns:
        World axis and direction of each array axis, (3, 2).
    """
    cosines = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    size = np.abs(cosines)
    z = int(size[2].argmax())
    x, y = (axis for axis in range(3) if axis != z)
    if size[0, y] + size[1, x] > size[0, x] + size[1, y]:
        x, y = y, x
    orientation = np.empty((3, 2))
    for world, axis in enumerate((x, y, z)):
        orientation[axis] = world, -1 if cosines[world, axis] < 0 else 1
    return orientation
