# SPDX-License-Identifier: Apache-2.0
"""Misalignment augmentation: each simulated low dose gets its own head position.

A linear mix contains the share β of every difference between T1 and T1ce: of the enhancement, and of the edge
differences that come from repositioning and re-slicing. A network trained on it learns to scale edges by 1/β. In a
true low dose the enhancement is smaller, but the edge differences are not, since each scan has its own position.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import not_scanned

SMOOTHING_MM = 1.4  # SD of a Gaussian
CONTRAST_LEVEL = 0.04  # of a smoothed difference, on the scale of [−1, 1]; about 7 % of the brain's brightness
#: Of three positions that do not depend on each other, two differences that share the T1 correlate by ½.
COMMON = 0.5
OWN = float(np.sqrt(1 - COMMON**2))


def fine_difference(
    t1: Float[np.ndarray, "*n h w"],
    t1ce: Float[np.ndarray, "*n h w"],
    spacing_mm: tuple[float, float],
    tumor: Bool[np.ndarray, "*n h w"] | None = None,
) -> Float[np.ndarray, "*n h w"]:
    """Compute the fine difference between two scans where nothing enhances.

        d = T1ce − T1,   d̄ = d smoothed in plane (Gaussian, σ 1.4 mm),   r = exp(−½ (d̄ / 0.04)²) · (d − d̄)

    and r = 0 where nothing was scanned. Weak or small enhancement, for which d̄ stays small, is included too, except
    inside the tumor mask.

    Args:
        t1: T1 without noise, (slices, rows, columns), on [−1, 1].
        t1ce: T1ce without noise, same shape and scale.
        spacing_mm: Spacing of rows and of columns.
        tumor: Mask of the tumor, where r is 0; None without a mask.

    Returns:
        r, on the scale of the images.
    """
    from scipy.ndimage import gaussian_filter

    difference = t1ce - t1
    sigma = [0.0] * (difference.ndim - 2) + [SMOOTHING_MM / mm for mm in spacing_mm]
    smooth = gaussian_filter(difference, sigma)
    fine = unenhanced_weight(smooth) * (difference - smooth)
    left_out = not_scanned(t1, t1ce) if tumor is None else not_scanned(t1, t1ce) | tumor
    return np.where(left_out, np.float32(0), fine)


def unenhanced_weight(smooth_difference: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Compute the weight of unenhanced tissue: exp(−½ (d̄ / 0.04)²), with d̄ the smoothed T1ce − T1 on [−1, 1].

    Args:
        smooth_difference: Smoothed T1ce − T1, on the scale of [−1, 1].

    Returns:
        The weight, 0–1.
    """
    return np.exp(-0.5 * (smooth_difference / CONTRAST_LEVEL) ** 2)


def own_share(deviate: float) -> float:
    """Share of the fine difference in a separate scan: ½ + √¾ x, with x a standard normal deviate."""
    return COMMON + OWN * deviate


def with_misalignment(
    source_pair: tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]],
    fine: Float[np.ndarray, "*n h w"],
    share: float | Float[np.ndarray, "h w"],
    own: float,
    extent: float = 1.0,
) -> tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]]:
    """Simulate inter-scan misalignment of the low dose.

        t1', t1ce' = t1 + v (s − b) r,  t1ce + v (s − b) r

    `r` is the fine difference between the two scans where nothing enhances, i.e. what repositioning and re-slicing
    change. A linear mix of the two images contains the share `b` of it, a separate scan its own share `s`. The result
    contains (1 − v) b + v s.

    Args:
        source_pair: T1 and T1ce without noise, (slices, rows, columns), on [−1, 1].
        fine: r, the `fine_difference` of the pair before its enhancement was rescaled.
        share: b, the share of r in the mix: the dose times the strength of the enhancement.
        own: s, the share of r in a separate scan; over scans mean ½ and SD √¾ (`own_share`).
        extent: v, strength of the augmentation, 0–1; 0 leaves the pair unchanged.

    Returns:
        The pair to mix the low dose from, clipped to [−1, 1].
    """
    change = (extent * (own - share) * fine).astype(np.float32)
    t1, t1ce = (np.clip(image + change, -1, 1) for image in source_pair)
    return t1, t1ce
