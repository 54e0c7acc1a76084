# SPDX-License-Identifier: Apache-2.0
"""The lesions of a mask and how large each is: a small one counts also where a big one is beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int

from lessgad.evaluation.clusters import Spacing, distance_mm

GAP_MM = 3.0
SizeGroup = Literal["<3 mm", "3-5 mm", "5-10 mm", ">10 mm"]


@dataclass(frozen=True)
class Lesion:
    """One connected part of a tumor mask.

    Attributes:
        number: Number of the lesion, from 1, largest first.
        volume_ml: Volume of its voxels.
        diameter_mm: Diameter of a sphere of that volume, in mm.
    """

    number: int
    volume_ml: float
    diameter_mm: float

    @property
    def size_group(self) -> SizeGroup:
        """Its class by diameter."""
        return size_group(self.diameter_mm)


def equivalent_diameter_mm(volume_ml: float) -> float:
    """Compute the diameter of the sphere with a given volume, (6·V/π)^(1/3).

    Chosen over the largest extent, because thick slices and the orientation of the grid change it least, and a lesion
    of a few voxels has one. A tumor longer than wide gets less than a reader's longest diameter: an ellipsoid of
    5×5×12 mm counts as 6.7.

    Args:
        volume_ml: Volume, in ml.

    Returns:
        Diameter in mm.
    """
    return math.cbrt(6 * 1000 * volume_ml / math.pi)


def size_group(diameter_mm: float) -> SizeGroup:
    """Class a diameter: below 3, from 3 to below 5, from 5 to 10, above 10 mm."""
    if diameter_mm < 3:
        return "<3 mm"
    if diameter_mm < 5:
        return "3-5 mm"
    return "5-10 mm" if diameter_mm <= 10 else ">10 mm"


def find_lesions(
    tumor: Bool[np.ndarray, "x y z"], spacing_mm: Spacing
) -> tuple[Int[np.ndarray, "x y z"], tuple[Lesion, ...]]:
    """Tell the lesions of a mask apart.

    Voxels that are 26-connected are one lesion; and so are parts with less than about 3 mm between them:
    hand-drawn and thresholded masks leave crumbs around a tumor that are no lesions of their own.

    Args:
        tumor: The mask.
        spacing_mm: Distance between voxels along x, y, z.

    Returns:
        The number of each voxel's lesion, 0 outside; the lesions in the order of their numbers.

    Raises:
        VolumeError: The mask is empty.
    """
    from scipy import ndimage

    grown = np.isfinite(distance_mm(tumor, spacing_mm, GAP_MM / 2))
    labels = np.where(tumor, ndimage.label(grown, np.ones((3, 3, 3), dtype=bool))[0], 0)
    n_voxels = np.bincount(labels.ravel())
    n_voxels[0] = 0
    largest_first = np.argsort(-n_voxels, kind="stable")[: np.count_nonzero(n_voxels)]
    numbers = np.zeros(len(n_voxels), dtype=np.int32)
    numbers[largest_first] = np.arange(1, len(largest_first) + 1)
    volumes_ml = n_voxels[largest_first] * math.prod(spacing_mm) / 1000
    lesions = [
        Lesion(number, volume, equivalent_diameter_mm(volume))
        for number, volume in enumerate(volumes_ml.tolist(), start=1)
    ]
    return numbers[labels], tuple(lesions)
