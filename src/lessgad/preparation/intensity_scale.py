# SPDX-License-Identifier: Apache-2.0
"""One scale for a T1 and a scan after contrast at any dose, found from these two scans alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import CalibrationError
from lessgad.preparation.bias_field_ratio import BiasFieldRatio, find_bias_field_ratio
from lessgad.preparation.calibration import IntensityMap, calibrate
from lessgad.preparation.head import head_mask
from lessgad.preparation.histogram_peaks import HistogramPeaks, find_peaks
from lessgad.preparation.normalization import Normalization, normalization_from_peaks
from lessgad.preparation.settings import PreparationSettings

MOST_OFFSET = 0.35  # of tissue; a quarter is what noise makes of air at an SNR of 5, and both scans have it


@dataclass(frozen=True, eq=False)
class IntensityScale:
    """The maps that take two scans of one head to [−1, 1].

    Attributes:
        head: Foreground of the T1.
        peaks: Landmarks in the histogram of the T1.
        gain: Smooth factor that the scan after contrast is multiplied by first; None where one factor is to do.
        to_pre_contrast: Takes intensities of the scan after contrast to those of the T1.
        normalization: Takes intensities of the T1 to [−1, 1].
    """

    head: Bool[np.ndarray, "x y z"]
    peaks: HistogramPeaks
    gain: BiasFieldRatio | None
    to_pre_contrast: IntensityMap
    normalization: Normalization

    def calibrated(self, post_contrast: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
        """Calibrate the scan after contrast to the intensities of the T1.

        Args:
            post_contrast: The scan after contrast, on the grid of the T1.

        Returns:
            The calibrated scan.
        """
        return self.to_pre_contrast.apply(_even(post_contrast, self.gain))

    def normalized(self, post_contrast: Float[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
        """Calibrate and normalize the scan after contrast.

        Args:
            post_contrast: The scan after contrast, on the grid of the T1.

        Returns:
            The scan on [−1, 1].
        """
        return self.normalization.apply(self.calibrated(post_contrast))


def find_intensity_scale(
    pre_contrast: Float[np.ndarray, "x y z"],
    post_contrast: Float[np.ndarray, "x y z"],
    spacing_mm: tuple[float, float, float],
    settings: PreparationSettings,
) -> IntensityScale:
    """Calibrate a scan after contrast to the T1, and normalize by landmarks of the T1.

    The same for the standard dose of a pair, for a measured low dose of a cohort, and for a new scan.

    Args:
        pre_contrast: T1 in transverse order, any unit.
        post_contrast: Scan after contrast on the same grid, any unit.
        spacing_mm: Voxel spacing.
        settings: Method of calibration, and where +1 lies.

    Returns:
        The scale.

    Raises:
        StudyError: There is no head in the T1.
        CalibrationError: The histograms do not say how the intensities relate, or one has an offset.
    """
    head = head_mask(pre_contrast, spacing_mm)
    to_pre_contrast, gain = calibrate(pre_contrast, post_contrast, head, settings.calibration), None
    if settings.calibration == "smooth":
        gain = find_bias_field_ratio(pre_contrast, to_pre_contrast.apply(post_contrast), head, spacing_mm)
        to_pre_contrast = calibrate(pre_contrast, _even(post_contrast, gain), head, settings.calibration)
    peaks = find_peaks(pre_contrast)
    if settings.calibration in ("smooth", "robust"):
        _check_zero(pre_contrast, to_pre_contrast.apply(post_contrast), head, peaks.second)
    return IntensityScale(head, peaks, gain, to_pre_contrast, normalization_from_peaks(peaks, settings.full_scale))


def _check_zero(
    pre_contrast: Float[np.ndarray, "x y z"],
    calibrated: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    tissue: float,
) -> None:
    """Raise CalibrationError where a factor does not bring the air of one scan to that of the other."""
    air = ~head
    if not air.any():
        return
    before, after = float(np.median(pre_contrast[air])), float(np.median(calibrated[air]))
    if abs(after - before) > MOST_OFFSET * tissue:
        raise CalibrationError(
            f"Zero differs between the scans: with tissue at {tissue:.3g}, air is at {after:.3g} after "
            f"contrast and at {before:.3g} in the T1",
            remedy="Remove the offset from the intensities of the scan after contrast",
        )


def _even(image: Float[np.ndarray, "x y z"], gain: BiasFieldRatio | None) -> Float[np.ndarray, "x y z"]:
    return image if gain is None else image * gain.over(image.shape)
