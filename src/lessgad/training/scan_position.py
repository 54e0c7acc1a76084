# SPDX-License-Identifier: Apache-2.0
"""Low doses that lie otherwise than the T1ce of their pair, as a scan of its own does.

A simulated low dose takes a share β of all that tells the T1ce from the T1: of the contrast, and of edges that a head
in another position, cut into slices anew and interpolated, shows otherwise. A network then learns to scale edges up by
1/β. In a true low dose the contrast is smaller, the edges are not: each scan has its own.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

SMOOTHING_MM = 1.4
CONTRAST_LEVEL = 0.04  # of a smoothed difference, on the scale of [−1, 1]; about 3 % of the brain's brightness
#: Of three positions that do not depend on each other, two differences that share the T1 correlate by ½.
COMMON = 0.5
OWN = np.sqrt(1 - COMMON**2)


def fine_difference(
    t1: Float[np.ndarray, "*n h w"], t1ce: Float[np.ndarray, "*n h w"], spacing_mm: tuple[float, float]
) -> Float[np.ndarray, "*n h w"]:
    """What differs finely between two scans where nothing enhances.

        d = T1ce − T1,   d̄ = d smoothed in plane,   r = exp(−½ (d̄ / 0.04)²) · (d − d̄)

    Args:
        t1: Without its noise, on [−1, 1].
        t1ce: Likewise.
        spacing_mm: Of rows and columns.
    """
    from scipy.ndimage import gaussian_filter

    difference = t1ce - t1
    sigma = [0.0] * (difference.ndim - 2) + [SMOOTHING_MM / mm for mm in spacing_mm]
    smooth = gaussian_filter(difference, sigma)
    still = np.exp(-0.5 * (smooth / CONTRAST_LEVEL) ** 2)
    return still * (difference - smooth)


def with_own_position(
    end_points: tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]],
    dose: float,
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    share: float = 1.0,
) -> tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]]:
    """Move the end points that a low dose is mixed from so that its edges differ from the T1's as another scan's do.

        both end points + v (s − β) r,   s normal with mean ½ and SD √¾

    with r the `fine_difference`, of which a linear mix then has (1 − v) β + v s instead of β.

    Args:
        end_points: T1 and T1ce without their noise, on [−1, 1].
        dose: β.
        spacing_mm: Of rows and columns.
        rng: Of s.
        share: v, 0–1; 0 changes nothing.
    """
    own = COMMON + OWN * float(rng.normal())
    change = np.float32(share * (own - dose)) * fine_difference(*end_points, spacing_mm)
    t1, t1ce = (np.clip(image + change, -1, 1) for image in end_points)
    return t1, t1ce
