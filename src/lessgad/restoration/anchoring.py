# SPDX-License-Identifier: Apache-2.0
"""A restored image is moved to what was measured, where an average over neighbours knows better than the network.

    r = acquired − F(T1, restored),   s = ∂F/∂restored,   F the forward model of the experiment
    ê = −K[s·r] / K[s²],   v = K²[s²·var(r)] / K[s²]²,   found = max(0, 1 − (2/z)²) · ê,   z = ê/√v
    r ← r + s·found, and again with half the width;   anchored = restored − w · Σ found

K is a Gaussian average in three dimensions, K² the sum with squared weights. Subtract-and-scale multiplies the noise of
a voxel by 13.5 at 10 % of the dose; over a few millimetres some hundred voxels take that back, and what the network got
wrong at that scale (tissue that enhances otherwise than in the training patients) is put right by the scan itself. Only
what stands out from its own noise by two standard deviations is taken away: on validation patients plain averages (w·ê)
doubled the false enhancement at 30 %, this does not. A wide average finds a small error of a whole region, which no
narrow one tells from noise; what it leaves (r after its share was taken away, F taken as straight) is looked at with
half the width. The widest, the narrowest and w are tuned per dose on validation patients, as the baselines are; w is 0
where it helps nobody. v is that of the scan at every width: what a wider average took of the noise is not
subtracted, so a later step holds back a little more than two standard deviations.

ê is the least-squares error that is constant under the kernel (Cleveland & Devlin 1988, local regression of degree 0);
it is shrunk as in the positive-part estimator of James & Stein (1961), voxel by voxel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.restoration.anchor import DoseAnchor
from lessgad.restoration.judged_voxels import box_of, judged_voxels
from lessgad.restoration.residual import Residual, Tolerance
from lessgad.restoration.smoothing import Smoothing

LEAST_SIGNAL = 0.15  # of the tissue level: below it magnitudes are bent by noise
JUDGED_FWHM_MM = 4.0
STEP = Tolerance(0.02, 0.0)  # for the derivative of F, on the scale of [−1, 1]
LEAST_SLOPE = 1e-4  # squared
N_SD = 2.0  # of its own noise: what an error must stand out by to be taken away
TINY = 1e-20


@dataclass(frozen=True, eq=False)
class Measurement:
    """What a restored image is moved to.

    Attributes:
        pre_contrast: T1 on [−1, 1], as scanned.
        low_dose: As acquired, on the same grid and scale.
        dose: Of the low dose.
        head: Foreground. Voxels without signal, cut away or clipped stay as they are.
        spacing_mm: Voxel spacing along each axis.
        tissue_level: Second peak of the T1 over true zero, on the scale of [−1, 1].
        simulator: F, and the noise of the low dose; 0 where it is unknown or there is none.
        sigma_pre_contrast: Noise of the T1; 0 where it is unknown.
    """

    pre_contrast: Float[np.ndarray, "x y z"]
    low_dose: Float[np.ndarray, "x y z"]
    dose: float
    head: Bool[np.ndarray, "x y z"]
    spacing_mm: tuple[float, float, float]
    tissue_level: float
    simulator: LowDoseSimulator
    sigma_pre_contrast: float = 0.0

    def anchored(self, restored: Float[np.ndarray, "x y z"], how: DoseAnchor) -> Float[np.ndarray, "x y z"]:
        """Give the image without w times its estimated error, clipped to [−1, 1], float32."""
        if how.weight == 0:
            return np.asarray(restored, dtype=np.float32)
        error = self.estimated_error(restored, how.widths_mm)[-1]
        return np.clip(restored - how.weight * error, BACKGROUND, 1).astype(np.float32)

    def estimated_error(
        self, restored: Float[np.ndarray, "x y z"], widths_mm: Sequence[float]
    ) -> list[Float[np.ndarray, "x y z"]]:
        """Give Σ found after each width; 0 where nothing is judged or F does not depend on the image (dose 0).

        Args:
            restored: The image, on [−1, 1].
            widths_mm: Of K, the widest first.
        """
        return next(self.estimated_errors(restored, (widths_mm,)))

    def estimated_errors(
        self, restored: Float[np.ndarray, "x y z"], ladders_mm: Sequence[Sequence[float]]
    ) -> Iterator[list[Float[np.ndarray, "x y z"]]]:
        """Give what `estimated_error` gives for one row of widths after the other; the image is compared once.

        Args:
            restored: The image, on [−1, 1].
            ladders_mm: Rows of widths, each with the widest first.

        Yields:
            As many images as the row has widths; one where nothing is judged is 0.
        """
        least, smoothing = LEAST_SIGNAL * self.tissue_level, Smoothing(JUDGED_FWHM_MM, self.spacing_mm)
        judged = judged_voxels(self.pre_contrast, self.low_dose, restored, self.head, least, smoothing)
        if not judged.any():
            yield from ([np.zeros(restored.shape) for _ in widths] for widths in ladders_mm)
            return
        box = box_of(judged)
        t1, low, image = (np.asarray(x[box], dtype=np.float64) for x in (self.pre_contrast, self.low_dose, restored))
        of = Residual.of(t1, low, image, judged[box], self.dose, self.simulator, self.sigma_pre_contrast, STEP)
        averages = {width: Average.of(of, Smoothing(width, self.spacing_mm)) for width in {*chain(*ladders_mm)}}
        for widths in ladders_mm:
            errors, total, residual = [], np.zeros_like(of.residual), of.residual
            for width in widths:
                found = np.where(judged[box], averages[width].found(of.slope * residual), 0.0)
                total, residual = total + found, residual + of.slope * found
                errors.append(np.zeros(restored.shape))
                errors[-1][box] = total
            yield errors


@dataclass(frozen=True, eq=False)
class Average:
    """K of one width, on one image.

    Attributes:
        smoothing: K.
        slope: K[s²].
        variance: v.
    """

    smoothing: Smoothing
    slope: Float[np.ndarray, "x y z"]
    variance: Float[np.ndarray, "x y z"]

    @classmethod
    def of(cls, residual: Residual, smoothing: Smoothing) -> Average:
        """Average what does not depend on the residual."""
        slope = smoothing.average(residual.slope**2)
        variance = smoothing.variance(residual.slope**2 * residual.variance)
        return cls(smoothing, slope, variance / np.maximum(slope, LEAST_SLOPE) ** 2)

    def found(self, weighted: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
        """Give ê, shrunk by its noise, from s·r; 0 where F hardly depends on the image."""
        error = -self.smoothing.average(weighted) / np.maximum(self.slope, LEAST_SLOPE)
        share = 1 - N_SD**2 * self.variance / np.maximum(error**2, TINY)
        return np.where(self.slope > LEAST_SLOPE, np.maximum(share, 0) * error, 0.0)
