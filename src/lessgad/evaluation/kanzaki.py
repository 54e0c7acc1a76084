# SPDX-License-Identifier: Apache-2.0
"""How large a vestibular schwannoma is to clinicians: its largest extrameatal diameter, and Kanzaki's class."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from jaxtyping import Bool

from lessgad.evaluation.clusters import Spacing, box_around
from lessgad.evaluation.slice_diameter import slice_diameter_mm

KanzakiClass = Literal["none", "intrameatal", "small", "medium", "moderately large", "large", "giant"]
_UP_TO_MM: tuple[tuple[int, KanzakiClass], ...] = (
    (10, "small"),
    (20, "medium"),
    (30, "moderately large"),
    (40, "large"),
)


def largest_transverse_diameter_mm(mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing) -> float:
    """Compute the longest straight line within one transverse slice of a mask, in mm.

    It is estimated finer than a voxel (`slice_diameter_mm`).

    Args:
        mask: Any number of parts.
        spacing_mm: Distance between voxels along x, y, z.

    Returns:
        0 for an empty mask.
    """
    if not mask.any():
        return 0.0
    cut = mask[box_around(mask)]
    return max(slice_diameter_mm(cut[:, :, k], spacing_mm[:2]) for k in np.flatnonzero(cut.any(axis=(0, 1))))


def kanzaki_class(
    intrameatal: Bool[np.ndarray, "x y z"], extrameatal: Bool[np.ndarray, "x y z"], spacing_mm: Spacing
) -> KanzakiClass:
    """Find the Kanzaki class of a tumor from its largest extrameatal diameter, rounded to whole mm.

    ``none`` where neither part is there, ``intrameatal`` without an extrameatal part, then ``small`` up to 10 mm,
    ``medium`` to 20, ``moderately large`` to 30, ``large`` to 40, ``giant`` above.

    Source: Kanzaki et al., Otology & Neurotology 2003 (consensus on reporting), in the paper's reading: measured in
    the transverse plane.

    Args:
        intrameatal: Mask of the intrameatal part.
        extrameatal: Mask of the extrameatal part.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        The class.
    """
    if not extrameatal.any():
        return "intrameatal" if intrameatal.any() else "none"
    return class_of_diameter(largest_transverse_diameter_mm(extrameatal, spacing_mm))


def class_of_diameter(diameter_mm: float) -> KanzakiClass:
    """Class an extrameatal diameter above 0; halves are rounded up."""
    whole = math.floor(diameter_mm + 0.5)
    return next((name for most, name in _UP_TO_MM if whole <= most), "giant")
