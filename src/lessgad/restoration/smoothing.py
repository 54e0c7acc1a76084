# SPDX-License-Identifier: Apache-2.0
"""Averages over a Gaussian's reach inside a region, and the noise that is left in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from lessgad.dose.noise import SD_PER_FWHM
from lessgad.evaluation.line_filters import correlate_separably
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation

REACH_SDS = 4.0


@dataclass(frozen=True)
class Smoothing:
    """A Gaussian of a given width in mm on a grid.

    Attributes:
        fwhm_mm: Full width at half maximum.
        spacing_mm: Voxel spacing along each axis.
    """

    fwhm_mm: float
    spacing_mm: tuple[float, ...]

    @cached_property
    def kernels(self) -> tuple[Float[np.ndarray, " _"], ...]:
        """One for each axis, of sum 1."""
        from scipy.ndimage import gaussian_filter1d

        kernels = []
        for spacing in self.spacing_mm:
            sd = self.fwhm_mm * SD_PER_FWHM / spacing
            impulse = np.zeros(2 * math.ceil(REACH_SDS * sd) + 1)
            impulse[impulse.size // 2] = 1
            kernels.append(gaussian_filter1d(impulse, sd, truncate=REACH_SDS, mode="constant"))
        return tuple(kernels)

    def average(self, image: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Compute Σ k·image around each voxel; the image is 0 outside.

        Args:
            image: The image.

        Returns:
            The weighted sum.
        """
        return correlate_separably(image, self.kernels)

    @property
    def reach(self) -> tuple[int, ...]:
        """How many voxels along each axis an average sees to each side."""
        return tuple(kernel.size // 2 for kernel in self.kernels)

    def variance(
        self, variance: Float[np.ndarray, "*shape"], correlation: NoiseCorrelation = WHITE
    ) -> Float[np.ndarray, "*shape"]:
        """Compute the variance of `average` for noise with the given variance in each voxel.

            white: Σᵢ kᵢ² vᵢ;   correlated in plane: times Σᵢⱼ kᵢ kⱼ ρ(i − j) / Σᵢ kᵢ² along x and along y

        Args:
            variance: Variance v of the noise of each voxel; correlated noise must have a slowly varying v.
            correlation: Correlation of neighboring pixels along the first two axes.

        Returns:
            The variance.
        """
        gain = math.prod(correlation.sum_of_squares(axis, kernel) for axis, kernel in enumerate(self.kernels[:2]))
        return np.float32(gain) * correlate_separably(variance, tuple(kernel**2 for kernel in self.kernels))

    def response(self, diameter_mm: float) -> float:
        """Height that remains in the middle of a smoothed ball: the share of a 3D Gaussian within its radius."""
        from scipy.stats import chi2

        return float(chi2.cdf((diameter_mm / 2 / (self.fwhm_mm * SD_PER_FWHM)) ** 2, 3))
