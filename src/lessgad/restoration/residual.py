# SPDX-License-Identifier: Apache-2.0
"""The acquired low dose beside the one that a restored image lets expect, and the noise of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.evaluation.significant_clusters import Cluster


@dataclass(frozen=True, eq=False)
class Residual:
    """What was measured beside what was to be expected, 0 where nothing is judged.

    Attributes:
        residual: r.
        variance: Of its noise.
        margin_below: F(T1, restored) − F(T1, restored − δ).
        margin_above: F(T1, restored + δ) − F(T1, restored).
        slope: ∂F/∂restored.
    """

    residual: Float[np.ndarray, "x y z"]
    variance: Float[np.ndarray, "x y z"]
    margin_below: Float[np.ndarray, "x y z"]
    margin_above: Float[np.ndarray, "x y z"]
    slope: Float[np.ndarray, "x y z"]

    @classmethod
    def of(
        cls,
        pre_contrast: Float[np.ndarray, "x y z"],
        low_dose: Float[np.ndarray, "x y z"],
        restored: Float[np.ndarray, "x y z"],
        judged: Bool[np.ndarray, "x y z"],
        dose: float,
        simulator: LowDoseSimulator,
        sigma_pre_contrast: float,
        least_error: float,
    ) -> Residual:
        """Take the restored image back to its dose and subtract.

        Args:
            pre_contrast: T1 on [−1, 1].
            low_dose: As acquired.
            restored: Made from it.
            judged: Where.
            dose: Of the low dose.
            simulator: F, and the noise of the low dose.
            sigma_pre_contrast: Noise of the T1.
            least_error: δ.
        """
        expected = simulator.mix(pre_contrast, restored, dose)
        below = expected - simulator.mix(pre_contrast, np.maximum(restored - least_error, BACKGROUND), dose)
        above = simulator.mix(pre_contrast, restored + least_error, dose) - expected
        slope = (below + above) / (2 * least_error)
        magnitude = np.where(judged, pre_contrast - BACKGROUND, 1.0)
        sensitivity = (expected - BACKGROUND - (restored - BACKGROUND) * slope) / magnitude
        variance = simulator.sigma**2 + (sensitivity * sigma_pre_contrast) ** 2
        fields = (low_dose - expected, variance, below, above, slope)
        return cls(*(np.where(judged, field, 0.0) for field in fields))

    def mean_error(self, cluster: Cluster) -> float:
        """Mean error of the restored image over the core of a cluster, before any averaging."""
        return -float(self.residual.flat[cluster.voxels].sum() / self.slope.flat[cluster.voxels].sum())
