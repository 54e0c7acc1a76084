# SPDX-License-Identifier: Apache-2.0
"""How much of a tumor's enhancement the calibration takes for a gain of the scanner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.preparation.bias_field_ratio import BiasFieldRatio, find_bias_field_ratio

if TYPE_CHECKING:
    from lessgad.preparation.pair import PreparedPair

MOST_LOST = 0.1  # of the enhancement; more is a caution
APART_MM = 5.0  # around the mask that is left out too: masks end where enhancement may not


def lost_enhancement(
    pre_contrast: Float[np.ndarray, "x y z"],
    calibrated: Float[np.ndarray, "x y z"],
    gain: BiasFieldRatio,
    tumor: Bool[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    spacing_mm: tuple[float, float, float],
) -> float | None:
    """Estimate the share of the tumor's enhancement that the smooth calibration without a mask has taken away.

        lost = 1 − Σ (T1ce − T1) / Σ (q · T1ce − T1),   q = g₋ / g, of mean 1 over the rest of the head

    g₋ is fitted as g, without the tumor and what is within 5 mm of it. The two differ by what the tumor pulls the
    factor toward itself.

    Args:
        pre_contrast: T1, true zero at 0.
        calibrated: T1ce after calibration, on the same grid and scale.
        gain: g, the smooth factor that was applied.
        tumor: Mask of the tumor.
        head: Foreground.
        spacing_mm: Voxel spacing along x, y, z, in mm.

    Returns:
        The share, below 0 where the calibration has added to it; None where the tumor is not brighter than in the T1,
        or the factor cannot be fitted without it.
    """
    from scipy.ndimage import distance_transform_edt

    rest = head & (distance_transform_edt(~tumor, sampling=spacing_mm) > APART_MM)
    factor = gain.over(head.shape)
    without = find_bias_field_ratio(pre_contrast, calibrated / factor, rest, spacing_mm)
    if not without.coefficients.any():
        return None
    log = np.log(without.over(head.shape)) - np.log(factor)
    q = np.exp((log - log[rest].mean())[tumor].astype(np.float64))
    t1, t1ce = (image[tumor].astype(np.float64) for image in (pre_contrast, calibrated))
    shown, full = float(np.sum(t1ce - t1)), float(np.sum(q * t1ce - t1))
    return 1 - shown / full if full > 0 and shown > 0 else None


def lost_in(
    pair: PreparedPair, tumor: Bool[np.ndarray, "x y z"] | None, spacing_mm: tuple[float, float, float]
) -> float | None:
    """Estimate the loss of a prepared pair (`lost_enhancement`).

    Args:
        pair: The prepared pair.
        tumor: Mask of the tumor, if there is one.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        The share; None without a tumor, or if one factor was fitted for the whole head.
    """
    if tumor is None or pair.gain is None:
        return None
    return lost_enhancement(pair.pre_contrast, pair.calibrated, pair.gain, tumor, pair.head, spacing_mm)


def loss_cautions(lost: float | None) -> list[str]:
    """Warn of a loss above 10 % of the enhancement.

    Args:
        lost: The share, if it is known.

    Returns:
        One caution, or none.
    """
    if lost is None or lost <= MOST_LOST:
        return []
    return [
        f"the calibration takes an estimated {100 * lost:.0f} % of the tumor's enhancement for shading: the tumor is "
        "large for its contrast; compare with preparation.calibration: robust"
    ]
