# SPDX-License-Identifier: Apache-2.0
"""False against missed enhancement over the threshold, with methods compared at equal recovery.

A method that shows everything at a tenth of its strength invents nothing and misses all, at a fixed threshold. A reader
would window it ten times narrower. So does the comparison: each method's enhancement is first scaled so that
all of the tumor's enhancement comes back (recovery 1), then the threshold is varied.

Scaling E by 1/recovery is the same as multiplying the threshold by the recovery. It was preferred to reading methods
off their curves at one missed volume: a method's gain then drops out exactly, and nothing is interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lessgad.evaluation.clusters import box_around, clustered_ml, in_clusters, volume_ml
from lessgad.evaluation.enhancement import recovery
from lessgad.evaluation.enhancement_reference import EnhancementReference, Image, cropped

RELATIVE_THRESHOLDS = tuple(2.0 ** (half / 2) for half in range(-4, 5))  # 1/4, 1/2.8 … 1 … 4
LEAST_RECOVERY = 0.05


@dataclass(frozen=True)
class OperatingPoint:
    """One point of the curve of a method that was scaled to recovery 1.

    Attributes:
        relative_threshold: Threshold of the method as a multiple of the study's. At 1, methods have equal recovery.
        false_ml: Volume that enhances only in this image; NaN where the recovery is undefined or below 0.05.
        missed_ml: Volume of tumor that enhances only at the standard dose; NaN in the same cases.
    """

    relative_threshold: float
    false_ml: float
    missed_ml: float


def operating_curve(
    image: Image, reference: EnhancementReference, relative_thresholds: Sequence[float] = RELATIVE_THRESHOLDS
) -> list[OperatingPoint]:
    """Measure false and missed enhancement at each threshold, at equal recovery.

        missed(m): E_method / recovery ≤ m·threshold in tumor where E_standard > threshold
        false(m):  E_method / recovery > m·threshold outside it where E_standard ≤ min(m, 1)·threshold

    The standard dose is the truth and keeps the study's threshold; but what it shows itself at a lower one is not
    called false at that one. It has no false enhancement at any m, and misses nothing up to m = 1. Where recovery is
    below 0.05 it would be mostly noise that is scaled up, 20 times and more.

    Args:
        image: A method's image on [−1, 1].
        reference: What the standard dose of the study shows.
        relative_thresholds: m, multiples of the study's threshold, above 0.

    Returns:
        One point per threshold.

    Raises:
        VolumeError: The image is on another grid.
    """
    enhancement = cropped(image, reference) - reference.pre_contrast
    share = recovery(enhancement, reference, reference.tumor)
    if not share >= LEAST_RECOVERY:
        return [OperatingPoint(relative, math.nan, math.nan) for relative in relative_thresholds]
    highest = reference.threshold.value
    least = min(relative_thresholds) * share * highest
    # Whatever is false or missed at one of the thresholds is among these voxels.
    false = np.flatnonzero(reference.elsewhere & (enhancement > least) & (reference.enhancement <= highest))
    of_method, of_standard = enhancement.reshape(-1)[false], reference.enhancement.reshape(-1)[false]
    around = box_around(reference.enhancing) if reference.enhancing.any() else (slice(0, 0),) * 3
    points = []
    for relative in relative_thresholds:
        threshold, shown = relative * share * highest, min(relative, 1.0) * highest
        voxels = false[(of_method > threshold) & (of_standard <= shown)]
        points.append(
            OperatingPoint(
                relative,
                clustered_ml(voxels, enhancement.shape, reference.spacing_mm),
                _missed_ml(enhancement[around], reference, around, threshold),
            )
        )
    return points


def _missed_ml(
    enhancement: Image, reference: EnhancementReference, around: tuple[slice, ...], threshold: float
) -> float:
    """Volume of `missed_enhancement`, in a box around what enhances at the standard dose."""
    below = enhancement <= threshold
    missed = in_clusters(reference.enhancing[around] & below, reference.spacing_mm)
    return volume_ml(missed | (reference.enhancing_little[around] & below), reference.spacing_mm)
