# SPDX-License-Identifier: Apache-2.0
"""How large a vestibular schwannoma is to clinicians: its largest extrameatal diameter, and Kanzaki's class."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from jaxtyping import Bool

from lessgad.evaluation.clusters import Spacing, box_around

KanzakiClass = Literal["none", "intrameatal", "small", "medium", "moderately large", "large", "giant"]
_UP_TO_MM: tuple[tuple[int, KanzakiClass], ...] = (
    (10, "small"),
    (20, "medium"),
    (30, "moderately large"),
    (40, "large"),
)


def largest_transverse_diameter_mm(mask: Bool[np.ndarray, "x y z"], spacing_mm: Spacing) -> float:
    """The longest straight line between two corners of voxels of a mask within one transverse slice, in mm.

    Args:
        mask: Any number of parts.
        spacing_mm: Distance between voxels along x, y, z.

    Returns:
        0 for an empty mask; for one voxel, its diagonal.
    """
    if not mask.any():
        return 0.0
    cut = mask[box_around(mask)]
    return max(_diameter_mm(cut[:, :, k], spacing_mm[:2]) for k in np.flatnonzero(cut.any(axis=(0, 1))))


def kanzaki_class(
    intrameatal: Bool[np.ndarray, "x y z"], extrameatal: Bool[np.ndarray, "x y z"], spacing_mm: Spacing
) -> KanzakiClass:
    """Class a tumor by its largest extrameatal diameter, rounded to whole mm.

    ``none`` where neither part is there, ``intrameatal`` without an extrameatal part, then ``small`` up to 10 mm,
    ``medium`` to 20, ``moderately large`` to 30, ``large`` to 40, ``giant`` above.

    Source: Kanzaki et al., Otology & Neurotology 2003 (consensus on reporting), in the paper's reading: measured in
    the transverse plane.
    """
    if not extrameatal.any():
        return "intrameatal" if intrameatal.any() else "none"
    return class_of_diameter(largest_transverse_diameter_mm(extrameatal, spacing_mm))


def class_of_diameter(diameter_mm: float) -> KanzakiClass:
    """Class an extrameatal diameter above 0; halves are rounded up."""
    whole = math.floor(diameter_mm + 0.5)
    return next((name for most, name in _UP_TO_MM if whole <= most), "giant")


def _diameter_mm(plane: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float]) -> float:
    """Of all corners only those of the first and the last voxel of each row can be at an end of the longest line."""
    from scipy.spatial.distance import pdist

    rows = np.flatnonzero(plane.any(axis=1))
    first = plane[rows].argmax(axis=1)
    last = plane.shape[1] - plane[rows, ::-1].argmax(axis=1)
    corners = [(x, y) for x, low, high in zip(rows, first, last, strict=True) for x in (x, x + 1) for y in (low, high)]
    return float(pdist(np.unique(corners, axis=0) * np.asarray(spacing_mm)).max())
