# SPDX-License-Identifier: Apache-2.0
"""The part of an array that was scanned: without outer planes of one value, the padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Shaped

from lessgad.volume import Volume


def filled_part(volume: Volume) -> Volume:
    """Cut away outer planes that hold one value alone: padding, where nothing was scanned; a view."""
    kept = filled_planes(volume.array)
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start or 0 for part in kept]
    return replace(volume, array=volume.array[kept], affine=affine)


def filled_planes(array: Shaped[np.ndarray, "i j k"]) -> tuple[slice, slice, slice]:
    """Find the part of an array without the outer planes that hold a single value.

    Args:
        array: The image.

    Returns:
        Index of the part.
    """
    i, j, k = (np.flatnonzero(np.ptp(array, axis=others) > 0) for others in ((1, 2), (0, 2), (0, 1)))
    first, second, third = (
        slice(int(varied[0]), int(varied[-1]) + 1) if varied.size else slice(None) for varied in (i, j, k)
    )
    return first, second, third
