# SPDX-License-Identifier: Apache-2.0
"""Patches to train on: which slice, which place, which dose; each drawn from its own seed.

Patch number i of a training depends on (seed, i) alone, so a training that stopped goes on with the
very patches that it would have seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.dose.simulator import LowDoseSimulator, not_scanned
from lessgad.field.inputs import slices_around
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.training.enhancement_strength import strength_map, with_strength
from lessgad.training.scan_position import fine_difference, with_own_position

BACKGROUND = -1.0
OF_T2 = 2  # in the seed of what is drawn for the T2 alone


@dataclass(frozen=True, eq=False)
class PatchSource:
    """One study as patches are drawn from it, slices first.

    Attributes:
        pre_contrast: (z, y, x), on [−1, 1]; a view, read from disk when looked at.
        standard_dose: The same grid.
        end_points: The T1 and T1ce that low doses are mixed from, the same grid.
        simulator: How.
        box: Head box: y_start, y_stop, x_start, x_stop.
        head_slices: Slices that hold head.
        tumor_voxels: (n_tumor, 3), z, y, x of tumor voxels, ordered by z; empty without a mask.
        spacing_mm: Of rows and columns.
        t2: The same grid; None where the study has none.
    """

    pre_contrast: Float[np.ndarray, "z y x"]
    standard_dose: Float[np.ndarray, "z y x"]
    end_points: tuple[Float[np.ndarray, "z y x"], Float[np.ndarray, "z y x"]]
    simulator: LowDoseSimulator
    box: tuple[int, int, int, int]
    head_slices: Int[np.ndarray, " n_head"]
    tumor_voxels: Int[np.ndarray, "n_tumor 3"]
    spacing_mm: tuple[float, float]
    t2: Float[np.ndarray, "z y x"] | None = None

    @classmethod
    def of(
        cls, study: PreparedStudy, tumor: Bool[np.ndarray, "x y z"] | None, simulator: LowDoseSimulator
    ) -> PatchSource:
        """Index a prepared study."""
        t1, t1ce = study.end_points
        box = study.head_box
        voxels = np.argwhere(tumor.transpose(2, 1, 0)) if tumor is not None else np.empty((0, 3), dtype=np.int64)
        return cls(
            pre_contrast=study.pre_contrast.transpose(2, 1, 0),
            standard_dose=study.standard_dose.transpose(2, 1, 0),
            end_points=(t1.transpose(2, 1, 0), t1ce.transpose(2, 1, 0)),
            simulator=simulator,
            box=(box.y_start, box.y_stop, box.x_start, box.x_stop),
            head_slices=np.flatnonzero(study.head.any(axis=(0, 1))),
            tumor_voxels=voxels,
            spacing_mm=(study.spacing_mm[1], study.spacing_mm[0]),
            t2=None if study.t2 is None else study.t2.transpose(2, 1, 0),
        )

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of the middle of the head box, where positions are zero."""
        y_start, y_stop, x_start, x_stop = self.box
        return (y_start + y_stop - 1) / 2, (x_start + x_stop - 1) / 2


@dataclass(frozen=True, eq=False)
class Patch:
    """A place in a slice, and in those around it: the pair, the low dose, where they lie.

    Attributes:
        pre_contrast: (n, h, w) on [−1, 1], slices from the lowest to the highest.
        standard_dose: The same place in the middle slice.
        low_dose: The same place in all of them, simulated.
        centre: Row and column, in pixels of the patch, where positions are zero.
        spacing_mm: Of rows and columns.
        dose: Fraction of the standard dose.
        t2: The same place in all of them; None where the study has none, or it was dropped.
    """

    pre_contrast: Float[np.ndarray, "n h w"]
    standard_dose: Float[np.ndarray, "h w"]
    low_dose: Float[np.ndarray, "n h w"]
    centre: tuple[float, float]
    spacing_mm: tuple[float, float]
    dose: float
    t2: Float[np.ndarray, "n h w"] | None = None

    @property
    def images(self) -> dict[str, Float[np.ndarray, "n h w"]]:
        """What a field may see of it, by name."""
        images = {"pre_contrast": self.pre_contrast, "low_dose": self.low_dose}
        return images if self.t2 is None else {**images, "t2": self.t2}


def draw_patch(
    sources: Sequence[PatchSource],
    number: int,
    *,
    seed: int,
    size: tuple[int, int],
    tumor_share: float,
    flip: bool,
    dose: float | None,
    vary_enhancement: float = 0.0,
    vary_position: float = 0.0,
    t2_dropout: float = 0.0,
    n_neighbor_slices: int = 0,
) -> Patch:
    """Draw patch `number` of a training.

    With probability `tumor_share` the patch holds a tumor voxel of a study that has any; else it is a place in a
    slice with head, of any study. Among these, every study is as likely as any other, however large it is.

    Args:
        sources: At least one study.
        number: 0, 1, 2 … over the whole training.
        seed: Of the training.
        size: Rows and columns.
        tumor_share: 0–1.
        flip: Mirror left to right in half of the cases.
        dose: The dose of the model; None draws one evenly from 0–1.
        vary_enhancement: Spread of the strength of the enhancement (`strength_map`); 0 leaves it as it is.
        vary_position: By how much the low dose lies otherwise than the T1ce (`with_own_position`); 0: not at all, nor
            where no noise is added, for there fine differences are noise.
        t2_dropout: Share of patches whose T2 is dropped, drawn for itself: all else of a patch stays what it is.
        n_neighbor_slices: Slices above and below that the patch has too; beyond either end the last one again.
    """
    rng = np.random.default_rng((seed, number))
    with_tumor = [source for source in sources if len(source.tumor_voxels)]
    wants_tumor = bool(with_tumor) and rng.random() < tumor_share
    candidates = with_tumor if wants_tumor else sources
    source = candidates[int(rng.integers(len(candidates)))]
    if wants_tumor:
        z, y, x = (int(i) for i in source.tumor_voxels[rng.integers(len(source.tumor_voxels))])
        origin = y - int(rng.integers(size[0])), x - int(rng.integers(size[1]))
    else:
        z = int(rng.choice(source.head_slices))
        origin = _origin(rng, source.box[:2], size[0]), _origin(rng, source.box[2:], size[1])
    shown_t2 = np.random.default_rng((seed, number, OF_T2)).random() >= t2_dropout
    further = [source.t2] if source.t2 is not None and shown_t2 else []
    volumes = (source.pre_contrast, source.standard_dose, *source.end_points, *further)
    (around,) = slices_around([z], n_neighbor_slices, len(source.pre_contrast))
    taken, again = np.unique(around, return_inverse=True)  # a slice that stands in for those beyond it is one scan
    images = [np.stack([crop(volume[k], origin, size) for k in taken]) for volume in volumes]
    lesion = tumor_in(source.tumor_voxels, taken, origin, size)
    centre = source.centre[0] - origin[0], source.centre[1] - origin[1]
    if flip and rng.random() < 0.5:
        images = [np.ascontiguousarray(image[..., ::-1]) for image in images]
        lesion = lesion[..., ::-1]
        centre = centre[0], size[1] - 1 - centre[1]
    drawn = float(rng.random())
    dose = drawn if dose is None else dose
    pre_contrast, standard_dose, t1, t1ce, *t2 = images
    varies_position = vary_position > 0 and source.simulator.sigma > 0
    fine = fine_difference(t1, t1ce, source.spacing_mm, lesion) if varies_position else None
    strength = strength_map(rng, size, vary_enhancement) if vary_enhancement > 0 else np.ones(size, dtype=np.float32)
    if vary_enhancement > 0:
        standard_dose, t1ce = with_strength(standard_dose, (t1, t1ce), strength)
    if fine is not None:
        t1, t1ce = with_own_position((t1, t1ce), fine, dose * strength, rng, vary_position)
    low_dose = source.simulator.scan(t1, t1ce, dose, rng, not_scanned(pre_contrast, standard_dose))
    seen = [image[again] for image in (pre_contrast, low_dose, *t2)]
    middle = standard_dose[again[n_neighbor_slices]]
    return Patch(seen[0], middle, seen[1], centre, source.spacing_mm, dose, *seen[2:])


def tumor_in(
    voxels: Int[np.ndarray, "n_tumor 3"], slices: Int[np.ndarray, " n"], origin: tuple[int, int], size: tuple[int, int]
) -> Bool[np.ndarray, "n h w"]:
    """Mark the tumor voxels of a patch.

    Args:
        voxels: z, y, x of all, ordered by z.
        slices: Of the patch, rising.
        origin: Row and column of its first pixel.
        size: Its rows and columns.
    """
    inside = np.zeros((len(slices), *size), dtype=bool)
    for index, k in enumerate(slices):
        first, stop = np.searchsorted(voxels[:, 0], (k, k + 1))
        places = voxels[first:stop, 1:] - origin
        inside[index][tuple(places[((places >= 0) & (places < size)).all(axis=1)].T)] = True
    return inside


def crop(image: Float[np.ndarray, "y x"], origin: tuple[int, int], size: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """Cut a patch; what lies outside the slice is background (−1)."""
    patch = np.full(size, BACKGROUND, dtype=np.float32)
    starts = [max(0, o) for o in origin]
    stops = [min(n, o + s) for n, o, s in zip(image.shape, origin, size, strict=True)]
    if all(start < stop for start, stop in zip(starts, stops, strict=True)):
        inside = tuple(slice(a - o, b - o) for a, b, o in zip(starts, stops, origin, strict=True))
        patch[inside] = image[starts[0] : stops[0], starts[1] : stops[1]]
    return patch


def _origin(rng: np.random.Generator, extent: tuple[int, int], size: int) -> int:
    """Start of a patch inside the head box, or around it where the box is smaller than the patch."""
    first, last = sorted((extent[0], extent[1] - size))
    return int(rng.integers(first, last + 1))
