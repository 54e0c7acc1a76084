# SPDX-License-Identifier: Apache-2.0
"""Bring the standard-dose image onto the intensity scale of the pre-contrast image, without a mask of the tumor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import CalibrationError
from lessgad.preparation.histogram_peaks import find_peaks

CalibrationMethod = Literal["smooth", "robust", "peaks", "none"]

DARKEST = 0.25  # relative to the median of the head; darker voxels are air, bone and fluid, whose ratio is noise
FEWEST_VOXELS = 100
LOG_BIN = 0.001
LOG_RANGE = 1.5  # ratios beyond a factor of 4.5 from the median are no candidates
KERNEL_PER_QUARTILE_RANGE = 0.3
NARROWEST_KERNEL = 0.01
AGREEMENT_WITHIN = 0.2
LEAST_AGREEMENT = 0.3


@dataclass(frozen=True)
class IntensityMap:
    """An affine map of intensities, scale · x + offset.

    Raises:
        CalibrationError: The scale is not positive, or either is not finite.
    """

    scale: float
    offset: float

    def __post_init__(self) -> None:
        if not (0 < self.scale < math.inf and math.isfinite(self.offset)):
            raise CalibrationError(
                f"The intensity map has scale {self.scale:g} and offset {self.offset:g}; the scale must be "
                "positive and the offset finite"
            )

    def apply(self, image: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Apply the map to every voxel; the type is kept.

        Args:
            image: The image to map.

        Returns:
            The mapped intensities.
        """
        return self.scale * image + self.offset

    def inverse(self) -> IntensityMap:
        """Invert this map."""
        return IntensityMap(1 / self.scale, -self.offset / self.scale)

    def then(self, other: IntensityMap) -> IntensityMap:
        """Combine this map with `other`, which is applied afterwards."""
        return IntensityMap(other.scale * self.scale, other.scale * self.offset + other.offset)


def calibrate(
    pre_contrast: Float[np.ndarray, "x y z"],
    standard_dose: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    method: CalibrationMethod = "robust",
) -> IntensityMap:
    """Find the map that brings `standard_dose` onto the intensity scale of `pre_contrast`.

    Args:
        pre_contrast: T1, any unit.
        standard_dose: T1ce on the same grid, any unit.
        head: Voxels of the head; used by ``robust`` and ``smooth`` only.
        method: ``robust`` (a scale, `calibrate_robust`), ``smooth`` (the same, after the ratio of the bias fields was
            corrected), ``peaks`` (the paper, `calibrate_peaks`) or ``none`` (the images already share a scale).

    Returns:
        The map.

    Raises:
        CalibrationError: The images do not say how their intensities relate.
    """
    if method == "none":
        return IntensityMap(1.0, 0.0)
    if method == "peaks":
        return calibrate_peaks(pre_contrast, standard_dose)
    return calibrate_robust(pre_contrast, standard_dose, head)


def calibrate_peaks(
    pre_contrast: Float[np.ndarray, "x y z"], standard_dose: Float[np.ndarray, "i j k"]
) -> IntensityMap:
    """Map background and second peak of `standard_dose` to those of `pre_contrast`, as in the paper.

    The images may be on different grids. An offset other than zero moves true zero.

    Args:
        pre_contrast: T1, any unit.
        standard_dose: T1ce, any unit.

    Returns:
        The map.

    Raises:
        CalibrationError: One of them has no second peak that stands out.

    Source: Chen et al., European Radiology 2025, "Calibration".
    """
    target, source = find_peaks(pre_contrast), find_peaks(standard_dose)
    scale = (target.second - target.background) / (source.second - source.background)
    return IntensityMap(scale, target.background - scale * source.background)


def calibrate_robust(
    pre_contrast: Float[np.ndarray, "x y z"],
    standard_dose: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
) -> IntensityMap:
    """Find the scale on which most voxels of the head agree, those that do not enhance.

        log scale = mode of log(T1 / T1ce)

    over head voxels that are not dark in either image, by a Gaussian kernel of 0.3 times the
    interquartile range. True zero stays, and swapping the images inverts the scale.

    Args:
        pre_contrast: T1 with true zero at 0, any unit.
        standard_dose: T1ce on the same grid, true zero at 0, any unit.
        head: Voxels of the head; no tumor mask is needed, since enhancing voxels are a minority.

    Returns:
        The map, without an offset.

    Raises:
        CalibrationError: Fewer than 100 voxels are left, or less than 30 % of them are within 20 % of the
            scale.
    """
    from scipy.ndimage import gaussian_filter1d

    bright = _bright(pre_contrast, head) & _bright(standard_dose, head)
    n_bright = int(np.count_nonzero(bright))
    if n_bright < FEWEST_VOXELS:
        raise _no_agreement(f"only {n_bright} voxels are bright in both")
    ratios = np.log(pre_contrast[bright].astype(np.float64)) - np.log(standard_dose[bright].astype(np.float64))
    lower, median, upper = np.percentile(ratios, (25, 50, 75))
    edges = median + np.arange(-LOG_RANGE, LOG_RANGE + LOG_BIN / 2, LOG_BIN)
    counts, _ = np.histogram(ratios, edges)
    kernel = max(KERNEL_PER_QUARTILE_RANGE * (upper - lower), NARROWEST_KERNEL)
    density = gaussian_filter1d(counts.astype(float), kernel / LOG_BIN, mode="constant")
    highest = int(np.argmax(density))
    mode = float(edges[highest] + edges[highest + 1]) / 2
    agreement = float(np.mean(np.abs(ratios - mode) < AGREEMENT_WITHIN))
    if agreement < LEAST_AGREEMENT:
        raise _no_agreement(
            f"the ratio of only {100 * agreement:.0f} % of the head is within 20 % of the most frequent one"
        )
    return IntensityMap(math.exp(mode), 0.0)


def _bright(image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    positive = head & (image > 0)
    if not positive.any():
        return positive
    return head & (image > DARKEST * np.median(image[positive]))


def _no_agreement(came: str) -> CalibrationError:
    return CalibrationError(
        f"The intensities of T1 and T1ce do not agree up to a scale: {came}",
        remedy="Check that both images show one head and are aligned",
    )
