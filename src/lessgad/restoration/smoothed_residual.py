# SPDX-License-Identifier: Apache-2.0
"""The residual at one scale: what error it speaks for, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.evaluation.clusters import box_around
from lessgad.evaluation.significant_clusters import Cluster, find_clusters
from lessgad.restoration.residual import Residual, Tolerance
from lessgad.restoration.smoothing import Smoothing

_MEDIAN_ABSOLUTE = 0.6744897501960817  # of a standard normal
_LEAST_SD = 1e-6  # rounding of float32: noise-free images must not give 0/0


@dataclass(frozen=True, eq=False)
class SmoothedResidual:
    """The residual at one scale.

    Attributes:
        whole: The residual that was averaged.
        smoothing: Gaussian of the average.
        error: Estimated error of the restored image.
        inflation: k.
        z_unsupported: z₋; −inf outside the evaluated voxels.
        z_overlooked: z₊; −inf outside the evaluated voxels.
        sd_of_error: s/K[∂F/∂restored].
    """

    whole: Residual
    smoothing: Smoothing
    error: Float[np.ndarray, "x y z"]
    inflation: float
    z_unsupported: Float[np.ndarray, "x y z"]
    z_overlooked: Float[np.ndarray, "x y z"]
    sd_of_error: Float[np.ndarray, "x y z"]

    @classmethod
    def of(cls, whole: Residual, smoothing: Smoothing, judged: Bool[np.ndarray, "x y z"]) -> SmoothedResidual:
        """Average a residual, and estimate its noise.

        Args:
            whole: The residual of the whole study.
            smoothing: The Gaussian.
            judged: Voxels to judge.

        Returns:
            The smoothed residual.
        """
        residual = smoothing.average(whole.residual)
        slope = np.maximum(smoothing.average(whole.slope), _LEAST_SD)
        known = np.maximum(np.sqrt(smoothing.variance(whole.variance, whole.correlation)), _LEAST_SD)
        inflation = max(1.0, float(np.median(np.abs((residual / known)[judged]))) / _MEDIAN_ABSOLUTE)
        sd = np.float32(inflation) * known
        z_unsupported = (-residual - smoothing.average(whole.margin_below)) / sd
        z_overlooked = (residual - smoothing.average(whole.margin_above)) / sd
        for z in (z_unsupported, z_overlooked):
            z[~judged] = -np.inf
        return cls(whole, smoothing, -residual / slope, inflation, z_unsupported, z_overlooked, sd / slope)

    def clusters(self) -> list[Cluster]:
        """Clusters of both signs."""
        return find_clusters(self.z_unsupported, self.error) + find_clusters(self.z_overlooked, -self.error)

    def detectable(
        self, diameter_mm: float, region: Bool[np.ndarray, "x y z"], peak: float, tolerance: Tolerance
    ) -> float:
        """Compute the error in a ball whose peak is found half of the time.

        Args:
            diameter_mm: Diameter of the ball, in mm.
            region: Voxels in which the ball may lie.
            peak: Peak z that a cluster needs to be found.
            tolerance: Errors that are tolerated.

        Returns:
            The error, on the scale of [−1, 1].
        """
        noise = peak * float(np.median(self.sd_of_error[region]))
        enhancement = float(np.median(self._enhancement(region)))
        share = tolerance.share
        # What is falsely shown adds to the enhancement that its own tolerance is a share of.
        least = max(tolerance.error + noise, (share * enhancement + noise) / (1 - share))
        return least / self.smoothing.response(diameter_mm)

    def _enhancement(self, region: Bool[np.ndarray, "x y z"]) -> Float[np.ndarray, " voxel"]:
        """K[restored − T1] in a region, from what lies within the reach of K alone."""
        around = box_around(region, self.smoothing.reach)
        average: Float[np.ndarray, " voxel"] = self.smoothing.average(self.whole.enhancement[around])[region[around]]
        return average
