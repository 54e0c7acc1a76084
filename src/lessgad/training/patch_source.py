# SPDX-License-Identifier: Apache-2.0
"""One study as patches are cut from it: its slices, its tumor, its simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.field.measured_enhancement import ScanFacts
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.scan_facts import scan_facts

BACKGROUND = -1.0


@dataclass(frozen=True, eq=False)
class PatchSource:
    """The images of one study that patches are drawn from, slices first.

    Attributes:
        pre_contrast: T1, (z, y, x), on [−1, 1]; a view, read from disk when it is used.
        standard_dose: T1ce, same shape and scale.
        source_pair: The T1 and T1ce that low doses are mixed from, same shape.
        simulator: The forward model that makes low doses of the study.
        box: Head box: y_start, y_stop, x_start, x_stop.
        head_slices: Slices that hold head.
        tumor_voxels: (n_tumor, 3), z, y, x of tumor voxels, ordered by z; empty without a mask.
        spacing_mm: Spacing of rows and of columns.
        t2: T2, same shape; None if the study has none.
        facts: Slice spacing, noise of the T1 and dose curve, for a kernel field.
    """

    pre_contrast: Float[np.ndarray, "z y x"]
    standard_dose: Float[np.ndarray, "z y x"]
    source_pair: tuple[Float[np.ndarray, "z y x"], Float[np.ndarray, "z y x"]]
    simulator: LowDoseSimulator
    box: tuple[int, int, int, int]
    head_slices: Int[np.ndarray, " n_head"]
    tumor_voxels: Int[np.ndarray, "n_tumor 3"]
    spacing_mm: tuple[float, float]
    t2: Float[np.ndarray, "z y x"] | None = None
    facts: ScanFacts | None = None

    @classmethod
    def of(
        cls, study: PreparedStudy, tumor: Bool[np.ndarray, "x y z"] | None, simulator: LowDoseSimulator
    ) -> PatchSource:
        """Index a prepared study.

        Args:
            study: The prepared study.
            tumor: Mask of the tumor; None without one.
            simulator: Simulator of the study.

        Returns:
            The source of patches.
        """
        t1, t1ce = study.source_pair
        box = study.head_box
        voxels = np.argwhere(tumor.transpose(2, 1, 0)) if tumor is not None else np.empty((0, 3), dtype=np.int64)
        return cls(
            pre_contrast=study.pre_contrast.transpose(2, 1, 0),
            standard_dose=study.standard_dose.transpose(2, 1, 0),
            source_pair=(t1.transpose(2, 1, 0), t1ce.transpose(2, 1, 0)),
            simulator=simulator,
            box=(box.y_start, box.y_stop, box.x_start, box.x_stop),
            head_slices=np.flatnonzero(study.head.any(axis=(0, 1))),
            tumor_voxels=voxels,
            spacing_mm=(study.spacing_mm[1], study.spacing_mm[0]),
            t2=None if study.t2 is None else study.t2.transpose(2, 1, 0),
            facts=scan_facts(study, simulator),
        )

    @property
    def center(self) -> tuple[float, float]:
        """Row and column of the middle of the head box, where positions are zero."""
        y_start, y_stop, x_start, x_stop = self.box
        return (y_start + y_stop - 1) / 2, (x_start + x_stop - 1) / 2


def tumor_in(
    voxels: Int[np.ndarray, "n_tumor 3"], slices: Int[np.ndarray, " n"], origin: tuple[int, int], size: tuple[int, int]
) -> Bool[np.ndarray, "n h w"]:
    """Mark the tumor voxels of a patch.

    Args:
        voxels: z, y, x of all, ordered by z.
        slices: Slices of the patch, rising.
        origin: Row and column of its first pixel.
        size: Rows and columns of the patch.

    Returns:
        True in the tumor, (n, h, w).
    """
    inside = np.zeros((len(slices), *size), dtype=bool)
    for index, k in enumerate(slices):
        first, stop = np.searchsorted(voxels[:, 0], (k, k + 1))
        places = voxels[first:stop, 1:] - origin
        inside[index][tuple(places[((places >= 0) & (places < size)).all(axis=1)].T)] = True
    return inside


def crop(image: Float[np.ndarray, "y x"], origin: tuple[int, int], size: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """Cut a patch; outside the slice it is background (−1).

    Args:
        image: A slice.
        origin: First row and column of the patch.
        size: Rows and columns of the patch.

    Returns:
        The patch, (h, w).
    """
    patch = np.full(size, BACKGROUND, dtype=np.float32)
    starts = [max(0, o) for o in origin]
    stops = [min(n, o + s) for n, o, s in zip(image.shape, origin, size, strict=True)]
    if all(start < stop for start, stop in zip(starts, stops, strict=True)):
        inside = tuple(slice(a - o, b - o) for a, b, o in zip(starts, stops, origin, strict=True))
        patch[inside] = image[starts[0] : stops[0], starts[1] : stops[1]]
    return patch
