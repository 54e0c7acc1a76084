# SPDX-License-Identifier: Apache-2.0
"""Patches to train on: which slice, which place, which dose; each drawn from its own seed.

Patch number i of a training depends on (seed, i) alone, so a training that stopped continues with the very patches that
it would have seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from lessgad.dose.simulator import LowDoseSimulator, not_scanned
from lessgad.field.inputs import slices_around
from lessgad.field.measured_enhancement import MISALIGNMENT_MM, ScanFacts
from lessgad.training.enhancement_strength import strength_map, with_strength
from lessgad.training.misalignment import fine_difference, own_share, with_misalignment
from lessgad.training.patch_source import PatchSource, crop, tumor_in

NO_DOSE_SHARE, EVEN_SHARE = 0.04, 0.12
DOSE_RANGE = (0.04, 0.95)
SAME_POSITION_SHARE = 0.5
MOST_SIGMA = 0.1  # on the scale of [−1, 1]
OF_T2 = 2  # in the seed of what is drawn for the T2 alone


@dataclass(frozen=True, eq=False)
class Patch:
    """A place in a slice, and in those around it: the pair, the low dose, where they lie.

    Attributes:
        pre_contrast: (n, h, w) on [−1, 1], slices from the lowest to the highest.
        standard_dose: The same patch of the standard dose, middle slice alone.
        low_dose: The same patch of the simulated low dose, all slices.
        center: Row and column, in pixels of the patch, where positions are zero.
        spacing_mm: Spacing of rows and columns, in mm.
        dose: Fraction of the standard dose.
        t2: The same patch of the T2, all slices; None if the study has no T2 or it was dropped.
        facts: Facts of both scans, for a kernel field.
    """

    pre_contrast: Float[np.ndarray, "n h w"]
    standard_dose: Float[np.ndarray, "h w"]
    low_dose: Float[np.ndarray, "n h w"]
    center: tuple[float, float]
    spacing_mm: tuple[float, float]
    dose: float
    t2: Float[np.ndarray, "n h w"] | None = None
    facts: ScanFacts | None = None

    @property
    def images(self) -> dict[str, Float[np.ndarray, "n h w"]]:
        """Inputs that a field may use, by name."""
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
    vary_noise: float = 0.0,
    low_doses_often: bool = False,
) -> Patch:
    """Draw patch `number` of a training.

    With probability `tumor_share` the patch holds a tumor voxel of a study that has any; else it is a place in a
    slice with head, of any study. Among these, every study is as likely as any other, however large it is.

    Args:
        sources: Sources, at least one study.
        number: 0, 1, 2 … over the whole training.
        seed: Seed of the training.
        size: Rows and columns.
        tumor_share: 0–1.
        flip: Mirror left to right in half of the cases.
        dose: The dose of the model; None draws one evenly from 0–1.
        vary_enhancement: Spread of the strength of the enhancement (`strength_map`); 0 leaves it as it is.
        vary_position: Strength of the misalignment augmentation (`with_misalignment`), 0–1. It is off at 0, and where
            no noise is added, since fine differences are noise there.
        t2_dropout: Share of patches whose T2 is dropped, drawn for itself: all else of a patch stays what it is.
        n_neighbor_slices: Slices above and below that the patch has too; beyond either end the last one again.
        vary_noise: Share of patches whose low dose, and often T1, have another noise than the simulation's.
        low_doses_often: As a kernel field is taught: the dose is drawn evenly over its logarithm for most patches, and
            in half of them the low dose lies as the T1ce.

    Returns:
        The patch.
    """
    rng = np.random.default_rng((seed, number))
    source, z, origin = _place(rng, sources, size, tumor_share)
    shown_t2 = np.random.default_rng((seed, number, OF_T2)).random() >= t2_dropout
    further = [source.t2] if source.t2 is not None and shown_t2 else []
    volumes = (source.pre_contrast, source.standard_dose, *source.source_pair, *further)
    (around,) = slices_around([z], n_neighbor_slices, len(source.pre_contrast))
    taken, again = np.unique(around, return_inverse=True)  # a slice that stands in for those beyond it is one scan
    images = [np.stack([crop(volume[k], origin, size) for k in taken]) for volume in volumes]
    tumor = tumor_in(source.tumor_voxels, taken, origin, size)
    center = source.center[0] - origin[0], source.center[1] - origin[1]
    if flip and rng.random() < 0.5:
        images = [np.ascontiguousarray(image[..., ::-1]) for image in images]
        tumor = tumor[..., ::-1]
        center = center[0], size[1] - 1 - center[1]
    drawn = drawn_dose(float(rng.random())) if low_doses_often else float(rng.random())
    dose = drawn if dose is None else dose
    pre_contrast, standard_dose, t1, t1ce, *t2 = images
    varies_position = vary_position > 0 and source.simulator.sigma > 0
    if low_doses_often and rng.random() < SAME_POSITION_SHARE:
        varies_position = False  # as the simulated low doses that are evaluated
    fine = fine_difference(t1, t1ce, source.spacing_mm, tumor) if varies_position else None
    strength: float | Float[np.ndarray, "h w"] = 1.0
    if vary_enhancement > 0:
        strength = strength_map(rng, size, vary_enhancement)
        standard_dose, t1ce = with_strength(standard_dose, (t1, t1ce), strength)
    if fine is not None:
        t1, t1ce = with_misalignment((t1, t1ce), fine, dose * strength, own_share(float(rng.normal())), vary_position)
    outside, simulator, facts = not_scanned(pre_contrast, standard_dose), source.simulator, source.facts
    if vary_noise > 0 and simulator.sigma > 0 and rng.random() < vary_noise:
        sigma, more = drawn_noise(rng, simulator.sigma)
        simulator = replace(simulator, sigma=sigma)
        noisier = LowDoseSimulator(sigma=more).scan(pre_contrast, pre_contrast, 0.0, rng, outside)
        pre_contrast = noisier.astype(np.float32)
        if facts is not None:
            of_t1 = math.hypot(facts.sigma_pre_contrast, more)
            facts = replace(facts, sigma_pre_contrast=of_t1, sigma_low_dose=sigma)
    if facts is not None and varies_position:
        facts = replace(facts, misalignment_mm=MISALIGNMENT_MM)
    low_dose = simulator.scan(t1, t1ce, dose, rng, outside)
    seen = [image[again] for image in (pre_contrast, low_dose, *t2)]
    middle = standard_dose[again[n_neighbor_slices]]
    shown = seen[2] if t2 else None
    return Patch(seen[0], middle, seen[1], center, source.spacing_mm, dose, shown, facts)


def drawn_dose(uniform: float) -> float:
    """Spread an even number over doses: 4 % of patches at 0, 12 % evenly over 0–1, the rest log-uniform over 4–95 %."""
    if uniform < NO_DOSE_SHARE:
        return 0.0
    if uniform < NO_DOSE_SHARE + EVEN_SHARE:
        return (uniform - NO_DOSE_SHARE) / EVEN_SHARE
    rest = (uniform - NO_DOSE_SHARE - EVEN_SHARE) / (1 - NO_DOSE_SHARE - EVEN_SHARE)
    return float(np.exp(np.log(DOSE_RANGE[0]) + rest * (np.log(DOSE_RANGE[1]) - np.log(DOSE_RANGE[0]))))


def drawn_noise(rng: np.random.Generator, sigma: float) -> tuple[float, float]:
    """Draw σ of a low dose (0.5 to 4 times that of the scan, at most 0.1) and the noise to add to its T1.

    Args:
        rng: Random generator.
        sigma: Noise of the study, on the scale of [−1, 1].

    Returns:
        σ of the low dose, and σ to add to the T1.
    """
    drawn = min(MOST_SIGMA, sigma * float(np.exp(rng.uniform(np.log(0.5), np.log(4.0)))))
    return drawn, drawn * float(rng.uniform(0.3, 1.0)) if rng.random() < 0.5 else 0.0


def _place(
    rng: np.random.Generator, sources: Sequence[PatchSource], size: tuple[int, int], tumor_share: float
) -> tuple[PatchSource, int, tuple[int, int]]:
    """Draw a study, a slice of it, and the row and column where the patch begins."""
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
    return source, z, origin


def _origin(rng: np.random.Generator, extent: tuple[int, int], size: int) -> int:
    """Start of a patch inside the head box, or around it where the box is smaller than the patch."""
    first, last = sorted((extent[0], extent[1] - size))
    return int(rng.integers(first, last + 1))
