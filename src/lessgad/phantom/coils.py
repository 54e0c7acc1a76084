# SPDX-License-Identifier: Apache-2.0
"""How the coil shades a scan: products of cosines, or surface coils around the head."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

Shading = Literal["cosines", "surface-coils"]
N_ELEMENTS = 8
DISTANCE = 1.25  # of the elements from the middle, in half-widths of the field of view
HEIGHT = 0.5  # of the elements above and below the middle, in half-heights
LOADING = 0.15  # of the logarithm of an element's sensitivity, per unit of the scan's weights


def coil_sensitivity(shape: tuple[int, int, int], weights: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "x y z"]:
    """Draw a smooth bias field around 1, within about ±25 %: a product of low cosines along each axis.

    Args:
        shape: Number of voxels along each axis.
        weights: Weights of the cosines.

    Returns:
        The bias field.
    """
    field = np.ones(shape, dtype=np.float32)
    for axis, (n, row) in enumerate(zip(shape, weights, strict=True)):
        position = np.linspace(0, np.pi, n)
        gain = np.exp(np.clip(sum(0.05 * w * np.cos((m + 1) * position) for m, w in enumerate(row)), -0.2, 0.2))
        field *= np.moveaxis(gain[:, None, None], 0, axis).astype(np.float32)
    return field


def surface_coil_sensitivity(
    shape: tuple[int, int, int], weights: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "x y z"]:
    """Draw the sensitivity of eight surface coils on a ring around the slices, of mean 1.

        s = √(Σ exp(2 · 0.15 · wᵢ) / rᵢ²)

    The sensitivity of each element falls as 1/r; the elements are combined as the root of the sum of squares. This
    family is not that of the factor which calibration fits.

    Args:
        shape: Number of voxels along each axis.
        weights: The first eight load the elements.

    Returns:
        The bias field.
    """
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in shape), indexing="ij", sparse=True)
    squares = np.zeros(shape, np.float32)
    for element in range(N_ELEMENTS):
        angle = 2 * np.pi * element / N_ELEMENTS
        height = HEIGHT * (-1) ** element
        distance2 = (x - DISTANCE * np.cos(angle)) ** 2 + (y - DISTANCE * np.sin(angle)) ** 2 + (z - height) ** 2
        squares += np.float32(np.exp(2 * LOADING * weights.flat[element])) / distance2.astype(np.float32)
    field: Float[np.ndarray, "x y z"] = np.sqrt(squares)
    return (field / field.mean()).astype(np.float32)
