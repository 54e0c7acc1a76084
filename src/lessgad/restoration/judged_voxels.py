# SPDX-License-Identifier: Apache-2.0
"""Where a restored image can be compared with the scan from which it was made."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import BACKGROUND
from lessgad.restoration.smoothing import Smoothing


def measured_voxels(
    pre_contrast: Float[np.ndarray, "x y z"],
    low_dose: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    least: float,
    smoothing: Smoothing,
) -> Bool[np.ndarray, "x y z"]:
    """Find the voxels of the head that were measured and carry a signal.

    Args:
        pre_contrast: T1 on [−1, 1], as scanned.
        low_dose: Low dose as acquired, on the same grid and scale.
        head: Foreground.
        least: Signal of the T1 over true zero, averaged, from which on a voxel counts.
        smoothing: Gaussian of that average; to choose voxels by their own noise would shift their mean.

    Returns:
        Neither cut away nor clipped in either image.
    """
    measured = head & (smoothing.average(np.asarray(pre_contrast) - BACKGROUND) > least)
    for image in (pre_contrast, low_dose):
        measured &= (image > BACKGROUND) & (image < 1)
    return measured


def box_of(mask: Bool[np.ndarray, "x y z"]) -> tuple[slice, ...]:
    """Find the smallest box around the True voxels, of which there must be at least one.

    Args:
        mask: A mask that is not empty.

    Returns:
        Index of the box.
    """
    some = (np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    return tuple(slice(int(at[0]), int(at[-1]) + 1) for at in some)
