# SPDX-License-Identifier: Apache-2.0
"""Enhancement made weaker or stronger from place to place, as no patient's is.

A network that has seen few patients learns by heart how much each tissue enhances, and then draws that into the next
patient, independent of the low dose. Where the same tissue enhances differently at each look, only the low dose tells.
In some patches nothing enhances at all, as in a scan without contrast that is called a low dose.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import zoom

KNOTS = (4, 5)  # rows, columns; a patch of 128×160 px has one each 32 px
WEAKEST, STRONGEST = 0.2, 1.6
SHARE_WITHOUT = 0.25


def strength_map(rng: np.random.Generator, size: tuple[int, int], spread: float) -> Float[np.ndarray, "h w"]:
    """Draw a smooth map of factors: log-normal with median 1 and SD `spread` of the logarithm, within 0.2–1.6.

    One map in four is 0 throughout.

    Args:
        rng: Random generator of the knots; between them the map is linear.
        size: Rows and columns.
        spread: 0 gives ones.

    Returns:
        The factors, (h, w), 0.2–1.6.
    """
    knots = np.clip(np.exp(rng.normal(0.0, spread, KNOTS)), WEAKEST, STRONGEST)
    if spread > 0 and rng.random() < SHARE_WITHOUT:
        return np.zeros(size, dtype=np.float32)
    factors = size[0] / KNOTS[0], size[1] / KNOTS[1]
    return zoom(knots, factors, order=1, grid_mode=True, mode="nearest").astype(np.float32)


def with_strength(
    standard_dose: Float[np.ndarray, "*n h w"],
    source_pair: tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]],
    strength: Float[np.ndarray, "h w"],
) -> tuple[Float[np.ndarray, "*n h w"], Float[np.ndarray, "*n h w"]]:
    """Multiply the enhancement of a standard dose, its noise untouched, and of the T1ce that low doses are made of.

        standard + (s − 1)·(T1ce − T1),   T1 + s·(T1ce − T1),   clipped to [−1, 1]

    Args:
        standard_dose: Standard dose as acquired, on [−1, 1].
        source_pair: T1 and T1ce that low doses are mixed from: without their noise, where fresh noise is added.
        strength: s ≥ 0, the same in all slices; 1 changes nothing.

    Returns:
        The standard dose and the T1ce of a patient who enhances like that.
    """
    t1, t1ce = source_pair
    change = (strength - 1) * (t1ce - t1)
    return np.clip(standard_dose + change, -1, 1), np.clip(t1ce + change, -1, 1)
