# SPDX-License-Identifier: Apache-2.0
"""The acquired low dose beside the one that a restored image lets expect, and the noise of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.even_table import STRIP
from lessgad.dose.rician_bias import rician_bias_difference
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.evaluation.significant_clusters import Cluster
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation


@dataclass(frozen=True)
class Tolerance:
    """Errors that pass: δ = max(error, share · enhancement).

    Attributes:
        error: Tolerated error on the scale of [−1, 1], above 0.
        share: Tolerated share of the enhancement that the restored image shows, from 0 to below 1.
    """

    error: float
    share: float


@dataclass(frozen=True, eq=False)
class Residual:
    """The residual of a restored image with its noise and its margins, float32, 0 where nothing is evaluated.

    Attributes:
        residual: r.
        variance: Variance of its noise.
        margin_below: F(T1, restored) − F(T1, restored − δ).
        margin_above: F(T1, restored + δ) − F(T1, restored).
        slope: ∂F/∂restored.
        enhancement: restored − T1, 0 where that is negative.
        correlation: Correlation of the noise of neighboring pixels; it is also used for the T1.
    """

    residual: Float[np.ndarray, "x y z"]
    variance: Float[np.ndarray, "x y z"]
    margin_below: Float[np.ndarray, "x y z"]
    margin_above: Float[np.ndarray, "x y z"]
    slope: Float[np.ndarray, "x y z"]
    enhancement: Float[np.ndarray, "x y z"]
    correlation: NoiseCorrelation = WHITE

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
        """Take the restored image back to its dose with the forward model, and subtract the scan.

            r = acquired − F(T1, restored) − (b(σ) − b(σ₀)),  b(σ) = E[M | A] − A of Rician noise

        F of two noisy images stands on the noise of T1 and T1ce, σ₀, the low dose on its own, σ. Where the two differ,
        the difference of their biases would pass for enhancement (`rician_bias_difference`).

        Args:
            pre_contrast: T1 on [−1, 1].
            low_dose: Low dose as acquired.
            restored: Made from it.
            judged: Voxels to evaluate.
            dose: Dose of the low-dose scan.
            simulator: F, and the noise of the low dose.
            sigma_pre_contrast: Noise of the T1; where either is 0 (unknown) they are taken for equal.
            tolerance: δ.

        Returns:
            The residual.
        """
        t1, low, shown = (image[judged] for image in (pre_contrast, low_dose, restored))
        expected, found = np.empty(len(t1)), np.empty((5, len(t1)), np.float32)
        for start in range(0, len(t1), STRIP):
            strip = slice(start, start + STRIP)
            before, after = t1[strip].astype(np.float64), shown[strip].astype(np.float64)
            expected[strip] = simulator.mix(before, after, dose)
            enhancement = np.maximum(after - before, 0)
            delta = np.maximum(tolerance.error, tolerance.share * enhancement)
            lower = np.maximum(after - delta, BACKGROUND)
            below, above, slope, sensitivity = _slopes(before, after, lower, delta, expected[strip], dose, simulator)
            variance = simulator.sigma**2 + (sensitivity * sigma_pre_contrast) ** 2
            for row, values in zip(found, (variance, below, above, slope, enhancement), strict=True):
                row[strip] = values
        bias = rician_bias_difference(expected - BACKGROUND, simulator.sigma, sigma_pre_contrast)
        residual = low.astype(np.float64) - expected - bias
        variances, margins_below, margins_above, slopes, enhancements = (_where(judged, values) for values in found)
        return cls(
            residual=_where(judged, residual),
            variance=variances,
            margin_below=margins_below,
            margin_above=margins_above,
            slope=slopes,
            enhancement=enhancements,
            correlation=simulator.correlation,
        )

    def mean_error(self, cluster: Cluster) -> float:
        """Mean error of the restored image over the core of a cluster, before any averaging."""
        return -float(self.residual.flat[cluster.voxels].sum() / self.slope.flat[cluster.voxels].sum())


def _slopes(
    t1: Float[np.ndarray, " voxel"],
    shown: Float[np.ndarray, " voxel"],
    lower: Float[np.ndarray, " voxel"],
    delta: Float[np.ndarray, " voxel"],
    expected: Float[np.ndarray, " voxel"],
    dose: float,
    simulator: LowDoseSimulator,
) -> tuple[Float[np.ndarray, " voxel"] | float, ...]:
    """Both margins, ∂F/∂restored and ∂F/∂T1; of the linear mix without computing it again."""
    if simulator.curve is None:
        return dose * (shown - lower), dose * delta, dose, 1 - dose
    below = expected - simulator.mix(t1, lower, dose)
    above = simulator.mix(t1, shown + delta, dose) - expected
    slope = (below + above) / (shown + delta - lower)
    return below, above, slope, (expected - BACKGROUND - (shown - BACKGROUND) * slope) / (t1 - BACKGROUND)


def _where(judged: Bool[np.ndarray, "x y z"], values: Float[np.ndarray, " voxel"]) -> Float[np.ndarray, "x y z"]:
    image = np.zeros(judged.shape, np.float32)
    image[judged] = values
    return image
