# SPDX-License-Identifier: Apache-2.0
"""Checks of a scan: its size, its orientation, its intensities."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.errors import StudyError
from lessgad.preparation.filled_part import filled_planes
from lessgad.preparation.settings import NoiseFloor
from lessgad.preparation.spike_free_maximum import spike_free_maximum
from lessgad.preparation.wrapped_values import steps_into_holes
from lessgad.volume import Volume

OrientationUnknown = Literal["refuse", "trust"]

VOXEL_MM = (0.05, 20.0)
#: Of the second largest side of the field of view, and of the largest.
SHORTEST_SIDE_MM, LONGEST_SIDE_MM = 50.0, 1000.0
# Relative to the brightest voxels. Cubic interpolation undershoots by 10 to 20 % beside fat; values that wrapped around
# 16 bits lie at -30 to -100 %.
MOST_NEGATIVE = 0.25
# Relative to tissue. Calibration takes tissue to tissue by a factor, so an offset of 2 % of tissue makes every
# enhancement 2 % too small. The darkest voxels of Rayleigh noise lie at 0.02 of its SD: 0.4 % of tissue at an SNR of 5.
MOST_OFFSET, DARKEST_PERCENTILE, BRIGHT_PERCENTILE = 0.015, 0.02, 99.0
# Below 0, noise of zero mean has a long tail, (median - 0.5th percentile)/(median - 16th percentile) = 2.6; that of a
# magnitude image from which something was subtracted ends abruptly, 1.8.
MANY_NEGATIVE, LEAST_TAIL = 0.1, 2.15
#: Beyond these, squares of intensities leave the range of single precision.
SMALLEST_BRIGHT, LARGEST_BRIGHT = 1e-12, 1e12
SATURATED_WITHIN, FEWEST_SATURATED, LEAST_SATURATED_SHARE = 1e-3, 20, 2e-4

TRUST_IT = "Set cohort: {orientation_unknown: trust} in experiment.yaml if its first axis is known to run to the left"
REMOVE_OFFSET = "Remove the offset from its intensities (scl_inter, RescaleIntercept)"
KEEP_FLOOR = (
    f"{REMOVE_OFFSET}. Keep it if it is the noise floor of many coils, which tissue does not have: preparation: "
    "{noise_floor: keep} in experiment.yaml, or lessgad restore --noise-floor"
)
UNKNOWN_ORIENTATION = (
    "the header does not say how the image lies in space (sform and qform codes are 0): left and right may be swapped"
)


def check_scan(
    scan: Volume, name: str, orientation_unknown: OrientationUnknown = "refuse", noise_floor: NoiseFloor = "refuse"
) -> tuple[str, ...]:
    """Refuse a scan that cannot be of a head, or whose intensities cannot be a magnitude image's.

    Args:
        scan: Scan as read, any axis order.
        name: Name of the scan for display: T1.
        orientation_unknown: What becomes of a scan whose header does not say how it lies in space.
        noise_floor: Treatment of a scan whose air is not near zero, as in sums over many coils.

    Returns:
        Cautions, in words.

    Raises:
        StudyError: Its size, orientation or intensities are none of a head's.
    """
    check_size(scan, name)
    if orientation_unknown == "refuse" and not scan.frame.is_known:
        raise StudyError(f"The header of the {name} does not say how it lies in space (codes of 0)", remedy=TRUST_IT)
    air = check_intensities(np.asarray(scan.array, np.float32), name, noise_floor)
    return scan_cautions(scan, name, air)


def scan_cautions(scan: Volume, name: str, air: tuple[float, float] | None = None) -> tuple[str, ...]:
    """Warn of a usable scan with unknown orientation, saturated intensities or a noise floor.

    Args:
        scan: The scan.
        name: What the scan is, for the words: "T1".
        air: What `check_intensities` returned for it; None to compute it.

    Returns:
        One line per caution.
    """
    cautions = [f"{name}: {words}" for words in scan.frame.cautions]
    if not scan.frame.is_known:
        cautions.append(f"{name}: {UNKNOWN_ORIENTATION}")
    image = np.asarray(scan.array, np.float32)
    share = saturated_share(image)
    if share:
        cautions.append(
            f"{name}: {_percent(share)} of the foreground share the largest value: it is saturated, and enhancement "
            "above that is cut off"
        )
    offset, tissue = air_offset(image[filled_planes(image)]) if air is None else air
    if abs(offset) > MOST_OFFSET * tissue:
        share_of_tissue = _percent(offset / tissue) if tissue > 0 else "more than all"
        cautions.append(
            f"{name}: air begins at {share_of_tissue} of tissue; if tissue has this offset too, and not only the air, "
            f"enhancement is {share_of_tissue} too small"
        )
    return tuple(cautions)


def check_size(scan: Volume, name: str) -> None:
    """Raise StudyError for voxels or a field of view that no scan of a head has.

    Args:
        scan: The scan.
        name: What the scan is, for the words: "T1".

    Raises:
        StudyError: Likely units other than those that the header names.
    """
    spacing = np.array(scan.spacing_mm)
    sides = np.sort(spacing * scan.array.shape)
    smallest, largest = VOXEL_MM
    if spacing.min() < smallest or spacing.max() > largest:
        came = f"voxels of {_times(spacing)} mm"
    elif sides[1] < SHORTEST_SIDE_MM or sides[2] > LONGEST_SIDE_MM:
        came = f"a field of view of {_times(spacing * scan.array.shape)} mm"
    else:
        return
    raise StudyError(
        f"The {name} does not have the size of a head: {came}",
        remedy="Correct the voxel size, or its unit (xyzt_units), in the header of this image",
    )


def check_intensities(
    image: Float[np.ndarray, "i j k"], name: str, noise_floor: NoiseFloor = "refuse"
) -> tuple[float, float]:
    """Refuse intensities that cannot be those of a magnitude image that begins at zero.

    Outer planes that hold one value alone were not scanned and are not looked at.

    Args:
        image: The image.
        name: What the scan is, for the words: "T1".
        noise_floor: Whether air above zero is kept; air below zero is always refused.

    Returns:
        What `air_offset` finds.

    Raises:
        StudyError: They wrapped around, have an offset, are standardized, or leave the range of floats.
    """
    lowest, highest = float(image.min()), float(image.max())
    if not SMALLEST_BRIGHT <= max(highest, -lowest) <= LARGEST_BRIGHT:
        raise StudyError(
            f"The brightest voxels of the {name} are at {highest:.5g}; they must lie between "
            f"{SMALLEST_BRIGHT:g} and {LARGEST_BRIGHT:g}",
            remedy="Correct the scale in its header (scl_slope, RescaleSlope)",
        )
    if lowest < -MOST_NEGATIVE * max(highest, 0):
        raise StudyError(
            f"The {name} has strongly negative values: {lowest:.5g} beside {highest:.5g}",
            remedy="Convert it again from DICOM: values above 32767 that were stored as int16 wrap around to "
            "negative ones; a standardized image (mean 0) cannot be used",
        )
    if steps := steps_into_holes(image):
        raise StudyError(
            f"The {name} has dark holes in its brightest parts ({steps} steps from its brightest voxels into them)",
            remedy="Convert it again from DICOM: values beyond the range of their data type (4095, 32767) wrap around "
            "to small ones, or were set to 0",
        )
    offset, tissue = air_offset(image[filled_planes(image)])
    if abs(offset) > MOST_OFFSET * tissue and not (offset > 0 and noise_floor == "keep"):
        raise StudyError(
            f"Air in the {name} is not near zero: it begins at {offset:.4g}, tissue is at {tissue:.4g}",
            remedy=KEEP_FLOOR if offset > 0 else REMOVE_OFFSET,
        )
    return offset, tissue


def air_offset(image: Float[np.ndarray, "i j k"]) -> tuple[float, float]:
    """Intensity at which air begins, and that of tissue; 0 where the darkest voxels are noise around zero.

    Args:
        image: A scan without padding, any unit.

    Returns:
        Offset of all intensities as far as the air shows it, and median of the foreground; both in the unit of `image`.
    """
    darkest, bright = map(float, np.percentile(image, (DARKEST_PERCENTILE, BRIGHT_PERCENTILE)))
    is_dark = image < MOST_NEGATIVE * bright
    if is_dark.all() or not is_dark.any():
        return darkest, max(bright, 0.0)
    tissue, dark = float(np.median(image[~is_dark])), image[is_dark]
    if darkest >= 0:
        return darkest, tissue
    if np.count_nonzero(dark < 0) < MANY_NEGATIVE * dark.size:  # interpolation undershoots beside bright voxels
        return 0.0, tissue
    lowest, lower, median = map(float, np.percentile(dark, (0.5, 16, 50)))
    if median >= -MOST_OFFSET * tissue and median - lowest >= LEAST_TAIL * (median - lower):
        return 0.0, tissue
    return lowest, tissue


def saturated_share(image: Float[np.ndarray, "i j k"]) -> float:
    """Compute the share of the foreground that has the largest value, to a thousandth.

    A few voxels may be brighter: those of vessels, or of spikes.

    Args:
        image: The image.

    Returns:
        The share, 0–1; 0 if such voxels are few, as usual.
    """
    highest = spike_free_maximum(image)
    n_highest = int(np.count_nonzero(np.abs(image - highest) <= abs(highest) * SATURATED_WITHIN))
    if n_highest < FEWEST_SATURATED:
        return 0.0
    n_foreground = int(np.count_nonzero(image > MOST_NEGATIVE * np.percentile(image, BRIGHT_PERCENTILE)))
    share = n_highest / max(n_foreground, 1)
    return share if share >= LEAST_SATURATED_SHARE else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _times(size: Float[np.ndarray, " 3"]) -> str:
    return "×".join(f"{mm:.3g}" for mm in size)
