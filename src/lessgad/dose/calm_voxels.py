# SPDX-License-Identifier: Apache-2.0
"""Voxels where an image shows little but noise, found by the slices beside them."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

SHARED_BY_SLICES = 0.2  # correlation of residuals; above it the noise of slices is not independent
LEAST_BESIDE = 0.1  # homogeneous share of the surroundings in neighboring slices
CALM_SHARE, CALM_PX = 0.5, 3.0  # of homogeneous voxels, by the residual of neighboring slices around them


def calm_voxels(
    image: Float[np.ndarray, "x y z"], voxels: Bool[np.ndarray, "x y z"], lags: tuple[int, int], fewest: int
) -> Bool[np.ndarray, "x y z"]:
    """Keep the half of the voxels around which the slices below and above have the weaker residual.

    Ringing and texture go on from slice to slice, noise does not: choosing by the neighbors finds places without them
    and does not choose voxels where noise is low. Where slices share noise too, as after interpolation, nothing is
    chosen: their residuals are then correlated by more than 0.2, while structure gives up to 0.15.

    Args:
        image: The image.
        voxels: Homogeneous voxels.
        lags: Lags of the stencil along x and y, in pixels.
        fewest: Number of voxels that are needed.

    Returns:
        True for these voxels; all of them if there are too few slices or voxels, or slices share noise.
    """
    from scipy.ndimage import gaussian_filter

    residual = stencil_residual(image, *lags)
    both = voxels[..., 1:] & voxels[..., :-1]
    above, below = (part[both].astype(np.float64) for part in (residual[..., 1:], residual[..., :-1]))
    if not above.size or above @ below > SHARED_BY_SLICES * math.sqrt(float((above @ above) * (below @ below))):
        return voxels
    power = np.where(voxels, residual**2, 0)
    around = (CALM_PX, CALM_PX, 0)
    strength, weight = (gaussian_filter(a.astype(np.float32), around) for a in (power, voxels))
    beside = np.zeros((2, *image.shape), dtype=np.float32)
    for of_all, of_neighbors in zip((strength, weight), beside, strict=True):
        of_neighbors[..., 1:] += of_all[..., :-1]
        of_neighbors[..., :-1] += of_all[..., 1:]
    judged = voxels & (beside[1] > LEAST_BESIDE)
    if np.count_nonzero(judged) * CALM_SHARE < fewest:
        return voxels
    mean = beside[0] / np.maximum(beside[1], LEAST_BESIDE)
    return judged & (mean <= np.quantile(mean[judged], CALM_SHARE))


def stencil_residual(image: Float[np.ndarray, "x y z"], lag_x: int, lag_y: int) -> Float[np.ndarray, "x y z"]:
    """Compute what second differences along x and y leave of an image.

        r = Dₓ Dᵧ M / 6,  D M = M(−d) − 2 M(0) + M(+d)

    Args:
        image: M, any unit.
        lag_x: d along x, in pixels.
        lag_y: d along y, in pixels.

    Returns:
        r, in the unit of the image; borders wrap.
    """
    return np.asarray(_second_difference(_second_difference(image, lag_x, 0), lag_y, 1) / 6)


def _second_difference(image: Float[np.ndarray, "x y z"], lag: int, axis: int) -> Float[np.ndarray, "x y z"]:
    """M(−lag) − 2 M(0) + M(+lag); borders wrap, for no voxel so close to them is asked."""
    return np.roll(image, lag, axis) - 2 * image + np.roll(image, -lag, axis)
