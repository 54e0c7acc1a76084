# SPDX-License-Identifier: Apache-2.0
"""Whether most of a head agrees on one ratio of T1 to T1ce: where two groups of voxels do not, calibration must choose.

Calibration takes tissue that most of the head is made of for tissue that does not enhance. Where a large part of the
head enhances (leptomeningeal disease, an agent that stays in the blood, a window cut close around a tumor) it may take
that part's enhancement for a difference in scale.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from lessgad.preparation.calibration import DARKEST, FEWEST_VOXELS

BIN, REACH = 0.002, 1.5
WIDEST_KERNEL, NARROWEST_KERNEL, KERNEL_PER_QUARTILE_RANGE = 0.05, 0.01, 0.3
LEAST_HEIGHT, LEAST_PROMINENCE = 0.15, 0.07  # of the highest mode

Image = Float[np.ndarray, "x y z"]
Region = Bool[np.ndarray, "x y z"]


def ratio_modes(pre_contrast: Image, calibrated: Image, head: Region) -> tuple[tuple[float, float], ...]:
    """Find the modes of T1ce/T1 over the head, the most frequent first.

    The density of log(T1ce/T1) over voxels that are not dark in either image, by a Gaussian kernel of 0.3 times the
    interquartile range and at most 0.05. A mode stands out by 7 % of the highest one and is at least 15 % as high.

    Args:
        pre_contrast: T1, true zero at 0.
        calibrated: T1ce on its scale.
        head: Foreground.

    Returns:
        T1ce/T1 and relative height of each mode; none where under 100 voxels are bright.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    bright = head.copy()
    for image in (pre_contrast, calibrated):
        inside = head & (image > 0)
        bright &= image > DARKEST * float(np.median(image[inside])) if inside.any() else False
    if np.count_nonzero(bright) < FEWEST_VOXELS:
        return ()
    ratios = np.log(calibrated[bright].astype(np.float64)) - np.log(pre_contrast[bright].astype(np.float64))
    lower, median, upper = np.percentile(ratios, (25, 50, 75))
    edges = median + np.arange(-REACH, REACH + BIN / 2, BIN)
    counts, _ = np.histogram(ratios, edges)
    kernel = min(max(KERNEL_PER_QUARTILE_RANGE * (upper - lower), NARROWEST_KERNEL), WIDEST_KERNEL)
    density = gaussian_filter1d(counts.astype(np.float64), kernel / BIN, mode="constant")
    density /= max(float(density.max()), 1e-12)
    places, found = find_peaks(density, height=LEAST_HEIGHT, prominence=LEAST_PROMINENCE)
    order = np.argsort(-found["peak_heights"], kind="stable")
    centers = (edges[1:] + edges[:-1]) / 2
    return tuple((math.exp(float(centers[places[k]])), float(found["peak_heights"][k])) for k in order)


def mode_cautions(pre_contrast: Image, calibrated: Image, head: Region) -> tuple[str, ...]:
    """Warn of a head in which two groups of voxels have different ratios of T1 to T1ce.

    Args:
        pre_contrast: T1, true zero at 0.
        calibrated: T1ce on its scale.
        head: Foreground.

    Returns:
        At most one line.
    """
    modes = ratio_modes(pre_contrast, calibrated, head)
    if len(modes) < 2:
        return ()
    (first, _), (second, height) = modes[:2]
    return (
        f"calibration is uncertain: most voxels of the head have a ratio T1ce/T1 of {first:.2f}, but a second group "
        f"({100 * height:.0f} % as frequent) has {second:.2f}. If the group at {max(first, second):.2f} enhances, the "
        f"true scale is that of the other: check the enhancement of unaffected tissue in the preparation picture",
    )
