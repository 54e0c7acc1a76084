# SPDX-License-Identifier: Apache-2.0
"""Whether a T1 and a T1ce are two scans, and in this order."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import StudyError
from lessgad.volume import Volume, in_transverse_order

#: Root mean square over the head, relative to that of the T1; two scans of an SNR of 100 differ by 0.014.
LEAST_DIFFERENCE = 0.005
#: Of the median of a tumor, relative to its T1; what is called enhancing exceeds it many times over.
LEAST_ENHANCEMENT = 0.03
_N_COMPARED = 200_000


def check_two_scans(
    pre_contrast: Float[np.ndarray, "x y z"], calibrated: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]
) -> None:
    """Raise StudyError where the T1ce is the T1 once more, up to a factor.

    Args:
        pre_contrast: T1, any unit.
        calibrated: T1ce on the same grid, in that unit.
        head: Foreground that both cover.

    Raises:
        StudyError: They do not even differ by noise.
    """
    t1 = pre_contrast[head].astype(np.float64)
    change = calibrated[head] - t1
    difference = float(np.sqrt(np.mean(change**2) / max(np.mean(t1**2), np.finfo(float).tiny)))
    if difference < LEAST_DIFFERENCE:
        raise StudyError(
            f"T1 and T1ce differ by {100 * difference:.2g} % in the head: they are one scan under two names",
            remedy="Look for the other scan; one of the two files is a copy",
        )


def check_two_files(pre_contrast: Volume, standard_dose: Volume) -> None:
    """Raise StudyError where the T1ce has the voxels of the T1, whatever its header says of their place.

    Registration moves such a copy back, and the interpolation makes a second scan of it.

    Args:
        pre_contrast: T1 as read.
        standard_dose: T1ce as read.

    Raises:
        StudyError: They do not even differ by noise.
    """
    for one, other in (
        (pre_contrast, standard_dose),
        (in_transverse_order(pre_contrast), in_transverse_order(standard_dose)),
    ):
        if one.array.shape != other.array.shape:
            continue
        step = max(1, round((one.array.size / _N_COMPARED) ** (1 / 3)))
        t1, t1ce = (scan.array[::step, ::step, ::step].astype(np.float64) for scan in (one, other))
        factor = np.vdot(t1, t1ce) / max(np.vdot(t1, t1), np.finfo(float).tiny)
        difference = float(np.sqrt(np.sum((t1ce - factor * t1) ** 2) / max(np.sum(t1ce**2), np.finfo(float).tiny)))
        if difference < LEAST_DIFFERENCE:
            raise StudyError(
                f"The voxels of T1 and T1ce differ by {100 * difference:.2g} %: they are one scan under two names",
                remedy="Look for the other scan; one of the two files is a copy",
            )


def darker_after_contrast(
    pre_contrast: Float[np.ndarray, "x y z"],
    standard_dose: Float[np.ndarray, "x y z"],
    tumor: Bool[np.ndarray, "x y z"],
) -> tuple[str, ...]:
    """Warn of a tumor whose median is darker after contrast, or hardly brighter: the pair may be swapped, or damaged.

    Args:
        pre_contrast: T1 on [−1, 1].
        standard_dose: T1ce on the same scale.
        tumor: Mask of the tumor; not empty.

    Returns:
        At most one line.
    """
    before = float(np.median(pre_contrast[tumor])) + 1
    enhancement = float(np.median((standard_dose - pre_contrast)[tumor]))
    if enhancement >= LEAST_ENHANCEMENT * before:
        return ()
    if enhancement > -LEAST_ENHANCEMENT * before:
        return (
            f"the tumor hardly enhances (median {100 * enhancement / max(before, 1e-6):.1f} % of its T1): "
            "is the T1ce a scan after contrast?",
        )
    return (
        f"the tumor is darker after contrast (median enhancement {100 * enhancement / max(before, 1e-6):.0f} % of its "
        "T1): T1 and T1ce may be swapped, or bright values of the T1ce lost",
    )
