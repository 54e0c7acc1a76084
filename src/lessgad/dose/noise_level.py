# SPDX-License-Identifier: Apache-2.0
"""Noise level σ of a scan, from the air around the head or from homogeneous tissue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.noise_of_tissue import MAD_PER_SIGMA, gray_step, noise_of_tissue
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation, possible_axes

MOST_VOXELS = 4_000_000  # more than that and slices are left out
FROM_HEAD_PX = 5
WINDOW_PX = 7  # of the local power of air
FEWEST_AIR, FEWEST_LEVELS = 2000, 4
RAYLEIGH_RATIO = math.sqrt(math.pi / (4 - math.pi))  # mean over SD: 1.913
RATIO_WITHIN, DISTANCE_WITHIN = 0.03, 0.02
LAGS_PX = (1, 2, 3, 4)
FAR_PX = (8, 9, 10)  # what air still shares at this distance is no noise
LEAST_SQUARE = 0.02  # ρ² of neighbors; less is taken for white
ALIKE = 1e-4  # of two fits; the simpler one is taken


@dataclass(frozen=True)
class NoiseLevel:
    """The noise of one scan.

    Attributes:
        sigma: SD of the real and of the imaginary part, in the unit of the image.
        source: Region in which the noise was measured: air or tissue.
        correlation: Correlation of neighboring pixels in plane, x and y in the order of the image.
    """

    sigma: float
    source: Literal["air", "tissue"]
    correlation: NoiseCorrelation = WHITE


def estimate_noise(image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]) -> NoiseLevel:
    """Estimate σ of a magnitude image as the scanner stored it, before any resampling, and the noise's correlation.

    From air where it is Rayleigh distributed, σ² = ⟨M²⟩/2 over voxels that are 5 px from the head, no padding
    and no ghost; else from tissue (`noise_of_tissue`): air that is masked, filtered or the sum of several coils.
    In air the squares of two magnitudes correlate by ρ², the square of the correlation of their channels.

    Args:
        image: T1 or T1ce in transverse order (slices along z), true zero at 0, any intensity unit.
        head: Foreground of the image (`lessgad.preparation.head.head_mask`).

    Returns:
        σ and whether air or tissue gave it.

    Raises:
        StudyError: There is neither enough air nor enough homogeneous tissue, or no noise in it.

    Source: Gudbjartsson and Patz, MRM 1995 (air).
    """
    step = math.ceil(image.size / MOST_VOXELS)
    some, head = image[..., ::step].astype(np.float32), head[..., ::step]
    air = noise_of_air(some, head)
    if air is not None:
        return NoiseLevel(air[0], "air", air[1])
    sigma, correlation = noise_of_tissue(some, head)
    return NoiseLevel(sigma, "tissue", correlation)


def noise_of_air(
    image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]
) -> tuple[float, NoiseCorrelation] | None:
    """Estimate σ and the correlation of the noise from the air around the head.

    Windows of 7×7 px whose power stands out (ghosts, things beside the head, tapered borders) are left out. The rest
    must have a mean of 1.913 SD within 3 %, and a distribution within 0.02 of Rayleigh's.

    Args:
        image: Magnitude, any unit.
        head: Foreground of the image.

    Returns:
        σ and the correlation; None if the air does not hold Rayleigh noise.
    """
    from scipy import ndimage

    padding = ndimage.binary_opening(image == 0, np.ones((3, 3, 1), dtype=bool))  # a lone 0 is noise, rounded
    half = WINDOW_PX // 2
    centers = ~_grown(head | padding, FROM_HEAD_PX + half)
    inside = np.zeros_like(centers)
    inside[half:-half, half:-half] = True
    centers &= inside
    if np.count_nonzero(centers) < FEWEST_AIR:
        return None
    power = ndimage.uniform_filter(image**2, (WINDOW_PX, WINDOW_PX, 1))
    middle = np.median(power[centers])
    spread = np.median(np.abs(power[centers] - middle)) / MAD_PER_SIGMA
    kept = centers & (np.abs(power - middle) <= 4 * spread)
    sigma = _rayleigh_sigma(image[kept].astype(np.float64))
    return None if sigma is None else (sigma, _correlation(image, kept))


def _correlation(image: Float[np.ndarray, "x y z"], air: Bool[np.ndarray, "x y z"]) -> NoiseCorrelation:
    """Fit the correlation of squared magnitudes along x and along y."""
    power = np.where(air, image.astype(np.float64) ** 2, 0)
    mean = float(power.sum() / np.count_nonzero(air))
    x, y = (_axis(power / mean - 1, air, axis) for axis in (0, 1))
    return NoiseCorrelation((x[0], y[0]), (x[1], y[1]))


def _axis(relative: Float[np.ndarray, "x y z"], air: Bool[np.ndarray, "x y z"], axis: int) -> tuple[float, float]:
    """Fit the acquired share and the filter width of one axis."""

    def shared(lag: int) -> float:
        before = [slice(None)] * 3
        after = [slice(None)] * 3
        before[axis], after[axis] = slice(None, -lag), slice(lag, None)
        both = air[tuple(before)] & air[tuple(after)]
        if np.count_nonzero(both) < FEWEST_AIR:
            return 0.0
        return float(np.mean(relative[tuple(before)][both] * relative[tuple(after)][both]))

    far = max(0.0, float(np.mean([shared(lag) for lag in FAR_PX])))
    seen = (np.array([shared(lag) for lag in LAGS_PX]) - far) / float(np.mean(relative[air] ** 2) - far)
    if seen[0] < LEAST_SQUARE:
        return 1.0, 0.0
    pairs, rho = possible_axes()
    errors = ((rho[:, list(LAGS_PX)] ** 2 - seen) ** 2).sum(axis=1)
    share, width = pairs[np.flatnonzero(errors <= errors.min() + ALIKE)[0]]
    return float(share), float(width)


def _grown(mask: Bool[np.ndarray, "x y z"], n_px: int) -> Bool[np.ndarray, "x y z"]:
    """Dilate a mask in plane by a square that reaches so many pixels to each side."""
    from scipy.ndimage import maximum_filter1d

    grown = mask.view(np.uint8)
    for axis in (0, 1):
        grown = maximum_filter1d(grown, 2 * n_px + 1, axis, mode="constant", cval=0)
    return grown.view(bool)


def _rayleigh_sigma(air: Float[np.ndarray, " voxel"]) -> float | None:
    levels, counts = np.unique(air, return_counts=True)
    if air.size < FEWEST_AIR or levels.size < FEWEST_LEVELS:
        return None
    step = gray_step(levels, air.size)
    variance = float(np.mean(air**2) - step**2 / 12) / 2  # rounding adds a variance of 1/12 (Sheppard)
    if variance <= 0:
        return None
    sigma = math.sqrt(variance)
    ratio = float(air.mean() / air.std())
    between = (levels[1:] + levels[:-1]) / 2
    distance = np.abs(np.cumsum(counts)[:-1] / air.size + np.expm1(-((between / sigma) ** 2) / 2)).max()
    rayleigh = abs(ratio / RAYLEIGH_RATIO - 1) <= RATIO_WITHIN and distance <= DISTANCE_WITHIN
    return sigma if rayleigh else None
