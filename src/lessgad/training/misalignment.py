# SPDX-License-Identifier: Apache-2.0
"""Low doses that lie otherwise than the T1ce of their pair, as a scan of its own does.

A simulated low dose takes a share β of all that tells the T1ce from the T1: of the contrast, and of edges that a head
in another position, cut into slices anew and interpolated, shows otherwise. A network then learns to scale edges up by
1/β. In a true low dose the contrast is smaller, the edges are not: each scan has its own.
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
    """What differs finely between two scans where nothing enhances.

        d = T1ce − T1,   d̄ = d smoothed in plane (Gaussian, σ 1.4 mm),   r = exp(−½ (d̄ / 0.04)²) · (d − d̄)

    and 0 where nothing was scanned. What enhances so little or is so small that d̄ stays small is taken for it too, but
    not where it is outlined.

    Args:
        t1: Without its noise, on [−1, 1].
        t1ce: Likewise.
        spacing_mm: Of rows and columns.
        tumor: Its mask, where r is 0; None where there is none.

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
    """How surely nothing enhances, 0–1: exp(−½ (d̄ / 0.04)²), d̄ a smoothed T1ce − T1 on the scale of [−1, 1]."""
    return np.exp(-0.5 * (smooth_difference / CONTRAST_LEVEL) ** 2)


def own_share(deviate: float) -> float:
    """Share of the fine differences that a scan of its own has: ½ + √¾ x, x a standard normal deviate."""
    return COMMON + OWN * deviate


def with_misalignment(
    source_pair: tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]],
    fine: Float[np.ndarray, "*n h w"],
    share: float | Float[np.ndarray, "h w"],
    own: float,
    extent: float = 1.0,
) -> tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]]:
    """Move the end points that a low dose is mixed from so that its edges differ from the T1's as another scan's do.

        both end points + v (s − b) r

    A linear mix then has (1 − v) b + v s of r instead of b.

    Args:
        source_pair: T1 and T1ce without their noise, on [−1, 1].
        fine: r, their `fine_difference`, before the enhancement was made weaker or stronger.
        share: b, what the mix has of r as it is: the dose, times the strength of the enhancement.
        own: s, the share that a scan of its own has; over scans mean ½ and SD √¾ (`own_share`).
        extent: v, 0–1; 0 changes nothing.

    Returns:
        The end points that the low dose is mixed from, clipped to [−1, 1].
    """
    change = (extent * (own - share) * fine).astype(np.float32)
    t1, t1ce = (np.clip(image + change, -1, 1) for image in source_pair)
    return t1, t1ce
