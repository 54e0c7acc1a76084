# SPDX-License-Identifier: Apache-2.0
"""The acquired low dose beside the one that a restored image lets expect, and the noise of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.noise import rician_mean
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.evaluation.significant_clusters import Cluster


@dataclass(frozen=True)
class Tolerance:
    """Errors that pass: δ = max(error, share · enhancement).

    Attributes:
        error: On the scale of [−1, 1], above 0.
        share: Of the enhancement that the restored image shows, 0 or above, below 1.
    """

    error: float
    share: float


@dataclass(frozen=True, eq=False)
class Residual:
    """What was measured beside what was to be expected, 0 where nothing is judged.

    Attributes:
        residual: r.
        variance: Of its noise.
        margin_below: F(T1, restored) − F(T1, restored − δ).
        margin_above: F(T1, restored + δ) − F(T1, restored).
        slope: ∂F/∂restored.
        enhancement: restored − T1, 0 where that is negative.
    """

    residual: Float[np.ndarray, "x y z"]
    variance: Float[np.ndarray, "x y z"]
    margin_below: Float[np.ndarray, "x y z"]
    margin_above: Float[np.ndarray, "x y z"]
    slope: Float[np.ndarray, "x y z"]
    enhancement: Float[np.ndarray, "x y z"]

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
        tolerance: Tolerance,
    ) -> Residual:
        """Take the restored image back to its dose and subtract.

            r = acquired − F(T1, restored) − (b(σ) − b(σ₀)),  b(σ) = E[M | A] − A of Rician noise

        F of two noisy images stands on the noise of T1 and T1ce, σ₀, the low dose on its own, σ. Where the two differ
        the difference of their biases, times 1/β, would pass for enhancement: 0.01 of [−1, 1] at 10 %, σ₀ ≪ σ = 0.03
        and a signal of 13 σ.

        Args:
            pre_contrast: T1 on [−1, 1].
            low_dose: As acquired.
            restored: Made from it.
            judged: Where.
            dose: Of the low dose.
            simulator: F, and the noise of the low dose.
            sigma_pre_contrast: Noise of the T1; where either is 0 (unknown) they are taken for equal.
            tolerance: δ.
        """
        expected = simulator.mix(pre_contrast, restored, dose)
        enhancement = np.maximum(restored - pre_contrast, 0)
        delta = np.maximum(tolerance.error, tolerance.share * enhancement)
        lower = np.maximum(restored - delta, BACKGROUND)
        below = expected - simulator.mix(pre_contrast, lower, dose)
        above = simulator.mix(pre_contrast, restored + delta, dose) - expected
        slope = (below + above) / (restored + delta - lower)
        magnitude = np.where(judged, pre_contrast - BACKGROUND, 1.0)
        sensitivity = (expected - BACKGROUND - (restored - BACKGROUND) * slope) / magnitude
        variance = simulator.sigma**2 + (sensitivity * sigma_pre_contrast) ** 2
        floor = _bias(expected, simulator.sigma, sigma_pre_contrast)
        fields = (low_dose - expected - floor, variance, below, above, slope, enhancement)
        return cls(*(np.where(judged, field, 0.0) for field in fields))

    def mean_error(self, cluster: Cluster) -> float:
        """Mean error of the restored image over the core of a cluster, before any averaging."""
        return -float(self.residual.flat[cluster.voxels].sum() / self.slope.flat[cluster.voxels].sum())


def _bias(expected: Float[np.ndarray, "x y z"], sigma: float, sigma_pre_contrast: float) -> Float[np.ndarray, "x y z"]:
    """b(σ) − b(σ₀) at the expected magnitude; 0 where either σ is."""
    if sigma <= 0 or sigma_pre_contrast <= 0:
        return np.zeros_like(expected)
    magnitude = np.maximum(expected - BACKGROUND, 0.0)
    return rician_mean(magnitude, sigma) - rician_mean(magnitude, sigma_pre_contrast)
