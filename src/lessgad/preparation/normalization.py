# SPDX-License-Identifier: Apache-2.0
"""One map per study onto [−1, 1], shared by all its images and all doses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import CalibrationError
from lessgad.preparation.histogram_peaks import HistogramPeaks

# The least multiple of 0.5 at which at most 0.1 % of the tumor voxels of each real pair clip; the ten first
# patients need 3.1, the other six 3.4 (benchmarks/calibration_on_pairs.py).
LEVEL = 3.5
MOST_BACKGROUND = 0.5


@dataclass(frozen=True)
class Normalization:
    """The map that takes `background` to −1 and `full_scale` to +1.

    Attributes:
        background: Intensity that becomes −1, in the units of the image.
        full_scale: Intensity that becomes +1, in the units of the image.

    Raises:
        CalibrationError: They are not finite, or `full_scale` is not the larger.
    """

    background: float
    full_scale: float

    def __post_init__(self) -> None:
        if not (-math.inf < self.background < self.full_scale < math.inf):
            raise CalibrationError(
                f"The full scale is {self.full_scale:g} and the background {self.background:g}; the full "
                "scale must be above the background"
            )

    def apply(self, image: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Normalize intensities and clip them to [−1, 1].

        Args:
            image: Intensities in the unit of the T1.

        Returns:
            The normalized intensities, float32.
        """
        relative = (image.astype(np.float64) - self.background) / (self.full_scale - self.background)
        return np.clip(2 * relative - 1, -1, 1).astype(np.float32)

    def undo(self, normalized: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Convert normalized values back to intensities; exact up to rounding where `apply` did not clip.

        Args:
            normalized: Values on [−1, 1].

        Returns:
            The intensities, in the type of the input.
        """
        half_range = (self.full_scale - self.background) / 2
        return (normalized + 1) * half_range + self.background

    def length_of(self, difference: float) -> float:
        """Take a difference of intensities to the scale of [−1, 1]."""
        return 2 * difference / (self.full_scale - self.background)

    def clipped_fraction(self, image: Float[np.ndarray, "x y z"], mask: Bool[np.ndarray, "x y z"]) -> float:
        """Compute the share of the voxels in `mask` that are brighter than full scale.

        Args:
            image: The image.
            mask: A mask.

        Returns:
            The share, 0–1; 0 for an empty mask.
        """
        inside = image[mask]
        return float(np.mean(inside > self.full_scale)) if inside.size else 0.0


def normalization_from_peaks(peaks: HistogramPeaks, level: float = LEVEL) -> Normalization:
    """Make the map that takes true zero to −1 and the second peak to −1 + 2 / level.

        full scale = level · second peak

    True zero rather than the background peak: where air is noise, the peak is the mode of that noise, and
    a quarter or more of the air would clip, after which nothing can be said of the noise any more.

    Args:
        peaks: Peaks of the pre-contrast image, or of the low-dose image where there is no other.
        level: Where +1 lies, in multiples of the second peak; above 1.

    Returns:
        The map.

    Raises:
        CalibrationError: The background is further from zero than half the second peak, so that 0 is not
            "no signal"; or the level does not leave room for the second peak.
    """
    if not (abs(peaks.background) <= MOST_BACKGROUND * peaks.second and peaks.second > 0):
        raise CalibrationError(
            f"Air is not close to zero: it is at {peaks.background:g}, and tissue at {peaks.second:g}",
            remedy="Remove the offset from the intensities of this image",
        )
    if not 1 < level < math.inf:
        raise CalibrationError(f"The full scale is {level:g} times the second peak; it must be above the peak")
    return Normalization(0.0, level * peaks.second)
