# SPDX-License-Identifier: Apache-2.0
"""The Gaussian window that SSIM is computed in (Wang et al., IEEE TIP 2004)."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float

from lessgad.evaluation.line_filters import correlate_lines

SSIM_SIGMA_VOXELS = 1.5
SSIM_RADIUS_VOXELS = 5  # half of the 11×11 window: the Gaussian is cut at 3.5 σ


def window_means(planes: Float[np.ndarray, "n x y"]) -> Float[np.ndarray, "n u v"]:
    """Average planes over the window.

    Args:
        planes: Planes of any unit.

    Returns:
        The averages of every voxel that is the window's radius or more from the edge.
    """
    inside = slice(SSIM_RADIUS_VOXELS, -SSIM_RADIUS_VOXELS)
    averages = correlate_lines(planes, _window(), 2)[:, :, inside]
    return correlate_lines(averages, _window(), 1)[:, inside]


def box_and_window(plane: Float[np.ndarray, "x y"], x: slice, y: slice) -> Float[np.ndarray, "u v"]:
    """Cut a box and a window's radius around it, mirrored (d c b a | a b c d) where the image ends.

    Args:
        plane: The plane.
        x: Columns of the box.
        y: Rows of the box.

    Returns:
        The part, float32 where the plane is, else float64.
    """
    radius = SSIM_RADIUS_VOXELS
    cut, missing = [], []
    for extent, size in zip((x, y), plane.shape, strict=True):
        start, stop = extent.start - radius, extent.stop + radius
        cut.append(slice(max(start, 0), min(stop, size)))
        missing.append((max(-start, 0), max(stop - size, 0)))
    around = plane[tuple(cut)]
    around = around.astype(np.float32 if plane.dtype == np.float32 else np.float64)
    return np.pad(around, missing, mode="symmetric")


@cache
def _window() -> Float[np.ndarray, " taps"]:
    """Weights of the Gaussian window along one axis."""
    from scipy.ndimage import gaussian_filter1d

    impulse = np.zeros(2 * SSIM_RADIUS_VOXELS + 1)
    impulse[SSIM_RADIUS_VOXELS] = 1
    return gaussian_filter1d(impulse, SSIM_SIGMA_VOXELS, mode="constant", radius=SSIM_RADIUS_VOXELS)
