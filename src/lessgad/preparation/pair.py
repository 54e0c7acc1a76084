# SPDX-License-Identifier: Apache-2.0
"""Prepare a pair: register, calibrate, normalize; each step kept, for the record and the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.preparation.alignment import AlignmentQuality
from lessgad.preparation.bias_field_ratio import BiasFieldRatio
from lessgad.preparation.calibration import IntensityMap
from lessgad.preparation.filled_part import filled_part
from lessgad.preparation.head import HeadBox, head_box
from lessgad.preparation.histogram_peaks import HistogramPeaks
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.register_and_resample import register_and_resample
from lessgad.preparation.resampling import covered as covered_by
from lessgad.preparation.resampling import resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume

MOST_HEAD_IN_PADDING = 0.01
LEAST_SHOWN = 0.5  # of tissue; brighter voxels of a T1ce are of a head
CUT_AWAY = -1.0  # on the scale of normalized images: true zero


@dataclass(frozen=True, eq=False)
class PreparedPair:
    """Every step of the preparation of a pair, all on the grid of the T1.

    Attributes:
        pre_contrast: T1 as scanned.
        covered: Voxels of the T1 that the T1ce covers. The others are set to −1 in both normalized images.
        filled: Voxels where both scans have something other than padding; what is drawn elsewhere was not scanned.
        registered: T1ce resampled on the grid of the T1, in its own intensity unit.
        calibrated: Registered T1ce in the intensity unit of the T1.
        normalized_pre_contrast: T1 on [−1, 1].
        normalized_standard_dose: Calibrated T1ce on [−1, 1].
        head: Foreground that both scans cover.
        head_box: In-plane bounding box of the head.
        transform: Maps points of the T1 to points of the T1ce.
        alignment: Quality of the alignment.
        gain: Ratio of the bias fields that was corrected first; None if only one factor was fitted.
        to_pre_contrast: Calibration of the T1ce to the intensities of the T1.
        normalization: Map from the intensities of the T1 to [−1, 1].
        peaks: Landmarks in the histogram of the T1.
    """

    pre_contrast: Float[np.ndarray, "x y z"]
    covered: Bool[np.ndarray, "x y z"]
    filled: Bool[np.ndarray, "x y z"]
    registered: Float[np.ndarray, "x y z"]
    calibrated: Float[np.ndarray, "x y z"]
    normalized_pre_contrast: Float[np.ndarray, "x y z"]
    normalized_standard_dose: Float[np.ndarray, "x y z"]
    head: Bool[np.ndarray, "x y z"]
    head_box: HeadBox
    transform: RigidTransform
    alignment: AlignmentQuality
    gain: BiasFieldRatio | None
    to_pre_contrast: IntensityMap
    normalization: Normalization
    peaks: HistogramPeaks

    @property
    def tissue_level(self) -> float:
        """Second histogram peak of the T1 over its background, on the scale of [−1, 1]."""
        return self.normalization.length_of(self.peaks.second - self.normalization.background)

    def clipped_fraction(self, mask: Bool[np.ndarray, "x y z"]) -> float:
        """Share of the voxels of a region of the T1ce that are brighter than full scale."""
        return self.normalization.clipped_fraction(self.calibrated, mask)


def prepare_pair(
    pre_contrast: Volume, standard_dose: Volume, settings: PreparationSettings, n_threads: int = 1
) -> PreparedPair:
    """Register, calibrate and normalize a pair.

    Args:
        pre_contrast: T1 in transverse order.
        standard_dose: T1ce in transverse order, on any grid.
        settings: Settings of the preparation.
        n_threads: Number of threads of the registration.

    Returns:
        The prepared pair.

    Raises:
        RegistrationError: The two could not be aligned, or are not aligned although the settings say so.
        CalibrationError: Their histograms do not tell how their intensities relate.
        VolumeError: The settings say that they are aligned, but they are on different grids.
    """
    transform, moved, alignment, seen = register_and_resample(pre_contrast, standard_dose, settings, n_threads)
    t1, t1ce = pre_contrast.array.astype(np.float32), moved.array.astype(np.float32)
    scale = find_intensity_scale(t1, t1ce, pre_contrast.spacing_mm, settings)
    calibrated = scale.calibrated(t1ce)
    filled = filled_by(standard_dose, pre_contrast, transform), filled_by(pre_contrast, pre_contrast)
    shown = scale.head, calibrated > LEAST_SHOWN * scale.peaks.second
    for part, other in zip(filled, shown, strict=True):
        seen = seen & _unless_it_cuts_nothing(part, other)
    covered, head = seen, scale.head & seen
    normalized = (np.where(covered, scale.normalization.apply(image), CUT_AWAY) for image in (t1, calibrated))
    normalized_t1, normalized_t1ce = normalized
    return PreparedPair(
        pre_contrast=t1,
        covered=covered,
        filled=filled[0] & filled[1],
        registered=t1ce,
        calibrated=calibrated,
        normalized_pre_contrast=normalized_t1,
        normalized_standard_dose=normalized_t1ce,
        head=head,
        head_box=head_box(head),
        transform=transform,
        alignment=alignment,
        gain=scale.gain,
        to_pre_contrast=scale.to_pre_contrast,
        normalization=scale.normalization,
        peaks=scale.peaks,
    )


def filled_by(scan: Volume, pair_grid: Volume, transform: RigidTransform | None = None) -> Bool[np.ndarray, "x y z"]:
    """Find where a scan holds something other than padding, on the grid of a pair.

    Args:
        scan: The scan.
        pair_grid: A volume on the grid of the pair.
        transform: Maps points of the pair to points of the scan, RAS+ mm; None where both share a grid.

    Returns:
        True for such voxels.
    """
    return covered_by(filled_part(scan), pair_grid, transform or RigidTransform.identity())


def _unless_it_cuts_nothing(
    filled: Bool[np.ndarray, "x y z"], other: Bool[np.ndarray, "x y z"]
) -> Bool[np.ndarray, "x y z"]:
    """Use the filled region of one scan only if its padding cuts off something that the other scan shows.

    A skull-stripped scan has padding too, around a brain that the other one need not reproduce to the voxel.

    Args:
        filled: Voxels that hold something other than padding.
        other: Another mask on the same grid.

    Returns:
        True where the scan is filled, or everywhere.
    """
    if np.count_nonzero(other & ~filled) > MOST_HEAD_IN_PADDING * np.count_nonzero(other):
        return filled
    return np.ones_like(filled)


def carry_labels(labels: Volume, pair_grid: Volume, transform: RigidTransform) -> Int[np.ndarray, "x y z"]:
    """Resample a mask from the grid of the T1ce to that of the T1, nearest neighbor.

    Args:
        labels: Labels on the grid of the T1ce.
        pair_grid: A volume on the grid of the pair.
        transform: Maps points of the T1 to points of the T1ce, RAS+ mm.

    Returns:
        The labels, int32.
    """
    return resample(labels, pair_grid, transform, "nearest").array
