# SPDX-License-Identifier: Apache-2.0
"""What of a drawn tumor is left on the grid of the T1, where both scans see it: lesions that shrink, or vanish."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from lessgad.errors import StudyError
from lessgad.preparation.pair import carry_labels
from lessgad.preparation.resampling import covered, resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume

LEAST_COVERED = 0.5
#: Of the volume; nearest neighbor changes that of a lesion of twenty voxels by less.
WORTH_SAYING = 0.2
_TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class CarriedTumor:
    """Labels on the grid of the T1, and what became of the tumor.

    Attributes:
        labels: Labels of the voxels that both scans cover; 0 elsewhere.
        drawn_ml: Volume of the tumor as drawn.
        on_grid_ml: Its volume on the grid of the T1.
        covered_share: Share of the tumor that both scans cover; 1 without a tumor.
        n_lesions: Separate parts as drawn.
        n_vanished: Parts that have no voxel on the grid of the T1.
        vanished_ml: Their volume.
        vanished_labels: Label values of the tumor that have no voxel there.
    """

    labels: Int[np.ndarray, "x y z"]
    drawn_ml: float
    on_grid_ml: float
    covered_share: float
    n_lesions: int
    n_vanished: int
    vanished_ml: float
    vanished_labels: tuple[int, ...]

    def description(self) -> dict[str, Any]:
        """Give the figures, for the record."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "labels"}

    @property
    def cautions(self) -> tuple[str, ...]:
        """Describe in words which part of the mask was lost."""
        said = []
        if self.n_vanished:
            said.append(
                f"{self.n_vanished} of {self.n_lesions} lesions ({self.vanished_ml:.2g} ml) have no voxel on the grid "
                "of the T1 and are lost: the voxels of the T1 are larger, or its field of view does not cover them"
            )
        said += [f"label {value} has no voxel on the grid of the T1" for value in self.vanished_labels]
        if abs(self.on_grid_ml - self.drawn_ml) > WORTH_SAYING * self.drawn_ml:
            said.append(
                f"the tumor has {self.drawn_ml:.2g} ml as drawn and {self.on_grid_ml:.2g} ml on the grid of the T1"
            )
        if self.covered_share < 1:
            said.append(
                f"T1 and T1ce cover {100 * self.covered_share:.0f} % of the tumor; the rest is left out of all results"
            )
        return tuple(said)


def carry_tumor(
    drawn: Volume,
    pair_grid: Volume,
    transform: RigidTransform,
    seen: Bool[np.ndarray, "x y z"],
    tumor_values: tuple[int, ...],
) -> CarriedTumor:
    """Resample labels to the grid of the T1 (nearest neighbor), and remove what one of the scans does not cover.

    Args:
        drawn: Labels in transverse order, on the grid of the T1 or of the T1ce.
        pair_grid: The grid of the T1, in transverse order.
        transform: Takes points of the T1 to points of the image that they were drawn on.
        seen: Voxels of the T1 that the T1ce covers.
        tumor_values: Labels of the tumor.

    Returns:
        The labels, and how much was removed.

    Raises:
        StudyError: Nothing of the tumor is left, or less than half of it is covered.
    """
    from scipy import ndimage

    labels = carry_labels(drawn, pair_grid, transform)
    drawn_tumor, tumor = np.isin(drawn.array, tumor_values), np.isin(labels, tumor_values)
    parts, n_lesions = ndimage.label(drawn_tumor, _TOUCHING)
    numbers = resample(drawn.with_array(parts.astype(np.int32)), pair_grid, transform, "nearest").array
    sizes = np.bincount(parts.ravel(), minlength=n_lesions + 1)
    left = np.bincount(np.asarray(numbers).ravel(), minlength=n_lesions + 1)
    vanished = [number for number in range(1, n_lesions + 1) if left[number] == 0]
    in_view = covered(pair_grid, drawn, transform.inverse())
    carried = CarriedTumor(
        labels=np.where(seen, labels, 0),
        drawn_ml=float(drawn_tumor.sum() * _ml(drawn)),
        on_grid_ml=float(tumor.sum() * _ml(pair_grid)),
        covered_share=_share(in_view, drawn_tumor) * _share(seen, tumor),
        n_lesions=n_lesions,
        n_vanished=len(vanished),
        vanished_ml=float(sum(sizes[number] for number in vanished) * _ml(drawn)),
        vanished_labels=tuple(sorted(set(drawn.array[drawn_tumor].tolist()) - set(labels[tumor].tolist()))),
    )
    _check_left(carried)
    return carried


def _check_left(carried: CarriedTumor) -> None:
    if carried.n_lesions and carried.on_grid_ml == 0:
        raise StudyError(
            f"The tumor has {carried.drawn_ml:.2g} ml as drawn on the T1ce, and no voxel on the grid of the T1",
            remedy="Use a T1 whose voxels are smaller, or one that covers the tumor",
        )
    if carried.covered_share < LEAST_COVERED:
        raise StudyError(
            f"Both scans cover only {100 * carried.covered_share:.0f} % of the tumor; at least half is needed",
            remedy="Use scans whose field of view contains the tumor",
        )


def _share(part: Bool[np.ndarray, "i j k"], whole: Bool[np.ndarray, "i j k"]) -> float:
    return float(part[whole].mean()) if whole.any() else 1.0


def _ml(volume: Volume) -> float:
    return float(np.prod(volume.spacing_mm)) / 1000
