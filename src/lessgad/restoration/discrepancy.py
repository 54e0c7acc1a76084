# SPDX-License-Identifier: Apache-2.0
"""Does the restored image fit what was measured? Taken back to its dose, it must look like the acquired low dose.

    expected = F(T1, restored),   residual r = acquired − expected,   F the forward model of the experiment

An error e of the restored image changes `expected` by about e·∂F/∂restored, β·e for the linear mix: at a low dose the
measurement hardly knows, and `detectable` says how large an error must be to be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.dose_fraction import check_dose
from lessgad.errors import DoseError, SettingsError, StudyError
from lessgad.evaluation.clusters import volume_ml
from lessgad.evaluation.significant_clusters import peak_needed, significant, strongest
from lessgad.restoration.judged_voxels import box_of, measured_voxels
from lessgad.restoration.residual import Residual, Tolerance
from lessgad.restoration.smoothed_residual import SmoothedResidual
from lessgad.restoration.smoothing import Smoothing

FWHM_MM = (4.0, 8.0)  # tuned to errors of about 5 and 10 mm
FALSE_DISCOVERY_RATE = 0.05
LEAST_ERROR = 0.1  # of the tissue level: too small to be reported
# Of the enhancement: what the forward model may be off by. On true low doses of the phantom (5 patients, 10 and 30 %)
# 0 calls up to 10 ml of true standard doses overlooked and up to 0.4 ml unsupported, in vessels and mucosa; 0.2 at most
# 0.13 ml and nothing.
LEAST_SHARE = 0.2
LEAST_SNR = 3.0  # below it a magnitude is bent by its noise
DIAMETERS_MM = (5.0, 10.0)


@dataclass(frozen=True, eq=False)
class Discrepancy:
    """Contradictions between a restored image and the measurement.

    Attributes:
        error: Estimated error of the restored image on the scale of [−1, 1], the mean over each cluster that was found,
            0 elsewhere: positive where it shows more than was measured (unsupported), negative where less (overlooked).
        spacing_mm: Voxel spacing.
        detectable: Diameter of an error in mm → the smallest error that is found half of the time, on the same scale.
        inflation: For each scale, the spread of the residual over that of its known noise, at least 1. Far above it,
            image and measurement differ all over the head.
    """

    error: Float[np.ndarray, "x y z"]
    spacing_mm: tuple[float, float, float]
    detectable: dict[float, float]
    inflation: tuple[float, ...]

    @property
    def unsupported(self) -> Bool[np.ndarray, "x y z"]:
        """Clusters of enhancement that the image shows but that was not measured."""
        return self.error > 0

    @property
    def overlooked(self) -> Bool[np.ndarray, "x y z"]:
        """Clusters of measured enhancement that the image does not show."""
        return self.error < 0

    @property
    def unsupported_ml(self) -> float:
        """Volume of `unsupported`."""
        return volume_ml(self.unsupported, self.spacing_mm)

    @property
    def overlooked_ml(self) -> float:
        """Volume of `overlooked`."""
        return volume_ml(self.overlooked, self.spacing_mm)


def find_discrepancy(
    pre_contrast: Float[np.ndarray, "x y z"],
    low_dose: Float[np.ndarray, "x y z"],
    restored: Float[np.ndarray, "x y z"],
    *,
    dose: float,
    simulator: LowDoseSimulator,
    head: Bool[np.ndarray, "x y z"],
    spacing_mm: tuple[float, float, float],
    sigma_pre_contrast: float,
    least_error: float,
    least_share: float = LEAST_SHARE,
    region: Bool[np.ndarray, "x y z"] | None = None,
    measured: Bool[np.ndarray, "x y z"] | None = None,
    fwhm_mm: Sequence[float] = FWHM_MM,
    false_discovery_rate: float = FALSE_DISCOVERY_RATE,
) -> Discrepancy:
    """Check a restored image against the low-dose scan from which it was made.

    Errors up to δ = max(least_error, least_share · enhancement) pass: a restored image is called unsupported only where
    even δ less would be more than was measured. At each scale, with K a Gaussian average,

        z₋ = −K[acquired − F(T1, restored − δ)] / s,    z₊ = K[acquired − F(T1, restored + δ)] / s
        s² = k² · K²[σ² + (∂F/∂T1 · σ_T1)²],            k = max(1, median |K r / s₁| / 0.6745),  s₁: s at k = 1

    K² the sum with squared weights, times what the correlation of neighboring pixels adds (`Smoothing.variance`). The
    T1 that F sees has noise of its own, to which F is as sensitive as ∂F/∂T1 = (F − restored·∂F/∂restored)/T1 (Euler:
    F scales with its arguments); 1 − β for the linear mix. Noise that the restored image took over from either makes r
    smaller, never larger. What else differs all over the head (calibration, noise in the restored image, correlation
    that is not known) is in k, measured on r itself. Clusters of z₋ and
    z₊ at all scales share one false-discovery rate (`significant_clusters`).

    Smallest error found half of the time, of diameter d, where s and ∂F/∂restored are as they are in the median voxel:

        e(d) = min over scales of (δ + z·s/K[∂F/∂restored]) / h(d),   h what K leaves of a ball's height

    with δ as it is with the error in the image. In simulated noise half are found at 0.8 to 1.1 times that.

    Args:
        pre_contrast: T1 on [−1, 1], as scanned.
        low_dose: Low dose as acquired, on the same grid and scale.
        restored: Made from it.
        dose: Dose of the low-dose scan, above 0.
        simulator: The forward model, and the noise of the low dose with its correlation; 0 where it is unknown or
            there is none.
        head: Foreground. Tissue in it with a signal under 3 σ, and voxels cut away or clipped at 1, are not judged.
        spacing_mm: Voxel spacing.
        sigma_pre_contrast: Noise of the T1; 0 where it is unknown.
        least_error: Tolerated error on the scale of [−1, 1], above 0; `LEAST_ERROR` times the tissue level is sensible.
        least_share: Tolerated share of the enhancement that the restored image shows, below 1.
        region: Voxels that `detectable` is stated for, such as the tumor; None for all evaluated voxels.
        measured: Result of `voxels_to_judge` for this T1 and low dose; None to compute it.
        fwhm_mm: Scales.
        false_discovery_rate: Share of found clusters that may be false.

    Returns:
        The significant clusters, and a map of the error.

    Raises:
        DoseError: The dose is 0, where no contrast was given and nothing can be checked, or outside 0–1.
        SettingsError: `least_error` is not above 0, or `least_share` not below 1.
        StudyError: The study has no voxels that can be judged.
    """
    if check_dose(dose) == 0:
        raise DoseError("A restored image can be checked only against a dose above 0")
    if not (least_error > 0 and 0 <= least_share < 1):
        raise SettingsError(
            f"The least error is {least_error:g} and the least share {least_share:g}; the error must be "
            "above 0 and the share between 0 and 1"
        )
    tolerance = Tolerance(least_error, least_share)
    if measured is None:
        measured = voxels_to_judge(pre_contrast, low_dose, simulator.sigma, head, spacing_mm, sigma_pre_contrast)
    judged = measured & (restored < 1)
    if not judged.any():
        raise StudyError("No voxel of the head has signal above its noise, so the restored image cannot be checked")
    box = box_of(judged)
    inside = judged[box]

    t1, low, shown = (np.asarray(image[box]) for image in (pre_contrast, low_dose, restored))
    residual = Residual.of(t1, low, shown, inside, dose, simulator, sigma_pre_contrast, tolerance)
    scales = [SmoothedResidual.of(residual, Smoothing(fwhm, spacing_mm), inside) for fwhm in fwhm_mm]
    clusters = [cluster for scale in scales for cluster in scale.clusters()]
    found = significant(clusters, false_discovery_rate)
    errors = np.zeros(inside.shape, dtype=np.float32)
    for cluster in strongest(found):
        errors.flat[cluster.voxels] = residual.mean_error(cluster)
    error = np.zeros(low_dose.shape, dtype=np.float32)
    error[box] = errors
    where = inside if region is None or not (region & judged).any() else (region & judged)[box]
    needed = peak_needed(false_discovery_rate, len(clusters) - len(found))
    return Discrepancy(
        error=error,
        spacing_mm=spacing_mm,
        detectable={d: min(scale.detectable(d, where, needed, tolerance) for scale in scales) for d in DIAMETERS_MM},
        inflation=tuple(scale.inflation for scale in scales),
    )


def voxels_to_judge(
    pre_contrast: Float[np.ndarray, "x y z"],
    low_dose: Float[np.ndarray, "x y z"],
    sigma: float,
    head: Bool[np.ndarray, "x y z"],
    spacing_mm: tuple[float, float, float],
    sigma_pre_contrast: float,
) -> Bool[np.ndarray, "x y z"]:
    """Find the voxels in which images can be checked against a low dose; the same for all images made from it.

    Args:
        pre_contrast: T1, as for `find_discrepancy`.
        low_dose: Low dose, as for `find_discrepancy`.
        sigma: Noise of the low dose.
        head: Foreground.
        spacing_mm: Voxel spacing.
        sigma_pre_contrast: Noise of the T1.

    Returns:
        True for such voxels.
    """
    least = LEAST_SNR * max(sigma, sigma_pre_contrast)
    return measured_voxels(pre_contrast, low_dose, head, least, Smoothing(FWHM_MM[0], spacing_mm))
