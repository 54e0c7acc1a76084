# SPDX-License-Identifier: Apache-2.0
"""The images of one study's preparation, and the part and gray window in which they are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.report.histogram_plot import Peaks
from lessgad.report.slice_picture import Box, box_around, gray_window

FRAME_MM = 6.0


@dataclass(frozen=True, eq=False)
class PreparationImages:
    """Prepared images of one study on the grid of the pre-contrast scan, in transverse order.

    Attributes:
        pre_contrast: T1, in its own unit.
        standard_before: T1ce, moved onto the T1, in its own unit.
        standard_after: T1ce, calibrated, in the T1's unit.
        spacing_mm: Voxel size along x, y, z.
        pre_contrast_peaks: Landmarks of the T1.
        before_peaks: Landmarks of the T1ce before calibration.
        after_peaks: Landmarks of the T1ce after calibration.
        tumor: Mask of the tumor; None without one.
    """

    pre_contrast: Float[np.ndarray, "x y z"]
    standard_before: Float[np.ndarray, "x y z"]
    standard_after: Float[np.ndarray, "x y z"]
    spacing_mm: tuple[float, float, float]
    pre_contrast_peaks: Peaks
    before_peaks: Peaks
    after_peaks: Peaks
    tumor: Bool[np.ndarray, "x y z"] | None = None


def head_plane_box(study: PreparationImages, k: int) -> Box:
    """Find the part of transverse slice `k` to show: the head in either scan, with a narrow margin.

    Args:
        study: Images of the preparation.
        k: Number of the slice.

    Returns:
        The box.
    """
    head = np.zeros(study.pre_contrast.shape[:2], dtype=bool)
    for image, peaks in ((study.pre_contrast, study.pre_contrast_peaks), (study.standard_after, study.after_peaks)):
        head |= above_background(image[:, :, k], peaks)
    return box_around(head, study.spacing_mm[:2], FRAME_MM)


def above_background(image: Float[np.ndarray, "*shape"], peaks: Peaks) -> Bool[np.ndarray, "*shape"]:
    """Find voxels more than a quarter of the way from the background to the second peak.

    Args:
        image: The image.
        peaks: Background and second peak of the histogram.

    Returns:
        True for such voxels.
    """
    top = peaks.second if peaks.second is not None else float(np.percentile(image, 99))
    return image > peaks.background + 0.25 * (top - peaks.background)


def common_window(study: PreparationImages) -> tuple[float, float]:
    """Find one gray window for T1 and calibrated T1ce, wide enough for both.

    Args:
        study: Images of the preparation.

    Returns:
        Intensities of black and white.
    """
    low, high = window_of(study.pre_contrast, study.pre_contrast_peaks)
    return low, max(high, window_of(study.standard_after, study.after_peaks)[1])


def window_of(image: Float[np.ndarray, "*shape"], peaks: Peaks) -> tuple[float, float]:
    """Find the gray window of one image.

    Args:
        image: The image.
        peaks: Background and second peak of the histogram.

    Returns:
        Intensities of black and white.
    """
    return gray_window(image, peaks.background, peaks.second)
