# SPDX-License-Identifier: Apache-2.0
"""Lesions painted into a head: solid, ring, cystic, many small ones, diffuse, meningeal, bright before contrast."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.phantom.shapes import smooth_noise
from lessgad.phantom.tissues import Tissue

FIRST_MATERIAL = len(Tissue)  # materials below it are tissues
MOST_LESIONS = 6


class Kind(IntEnum):
    """How a material of a lesion looks and enhances."""

    ENHANCING = 0
    FAINT = 1
    DARK = 2
    BRIGHT = 3
    VOID = 4


@dataclass(frozen=True, eq=False)
class Lesions:
    """Lesions that were painted into a scene.

    Attributes:
        kinds: Kinds of lesion of the materials from `FIRST_MATERIAL` on.
        centers: Voxel of each lesion, (n, 3).
    """

    kinds: tuple[Kind, ...]
    centers: Int[np.ndarray, "n 3"]


def paint_lesions(
    labels: Int[np.ndarray, "x y z"],
    brain: Bool[np.ndarray, "x y z"],
    dura_mm: Float[np.ndarray, "x y z"],
    rng: np.random.Generator,
) -> Lesions:
    """Paint 0 to 6 lesions into labels, in place.

    Args:
        labels: A material for each voxel of 1 mm.
        brain: Voxels of the brain, in which most lesions lie.
        dura_mm: Distance outside the intracranial cavity.
        rng: Random generator of the patient.

    Returns:
        What was painted.
    """
    painters = (_solid, _ring, _cystic, _patchy, _small_ones, _diffuse, _meningeal, _bright)
    kinds: list[Kind] = []
    centers = []
    inside = np.flatnonzero(brain.ravel())
    anywhere = np.flatnonzero((labels != Tissue.AIR).ravel())
    for _ in range(int(rng.integers(0, MOST_LESIONS + 1))):
        places = inside if rng.random() < 0.8 or not len(anywhere) else anywhere
        center = np.array(np.unravel_index(int(places[rng.integers(len(places))]), labels.shape))
        painter = painters[int(rng.choice(len(painters), p=(0.12, 0.16, 0.08, 0.3, 0.12, 0.08, 0.07, 0.07)))]
        kinds += painter(labels, center, dura_mm, FIRST_MATERIAL + len(kinds), rng)
        centers.append(center)
    return Lesions(tuple(kinds), np.array(centers, dtype=np.int64).reshape(-1, 3))


def _blob(
    shape: tuple[int, ...], center: np.ndarray, radius: float, rng: np.random.Generator, unevenness: float = 0.25
) -> tuple[tuple[slice, ...], Float[np.ndarray, "i j k"]]:
    """Depth inside an uneven ellipsoid, mm (negative outside), in a box around it."""
    radii = radius * np.exp(rng.normal(0, 0.2, 3))
    reach = np.ceil(1.6 * radii + 2).astype(int)
    box = tuple(slice(max(0, c - r), min(n, c + r + 1)) for c, r, n in zip(center, reach, shape, strict=True))
    axes = np.meshgrid(
        *((np.arange(b.start, b.stop) - c) / r for b, c, r in zip(box, center, radii, strict=True)),
        indexing="ij",
        sparse=True,
    )
    distance = np.sqrt(sum(axis**2 for axis in axes))
    wobble = smooth_noise(rng, distance.shape, max(2.0, 0.6 * radius)) if min(distance.shape) > 1 else 0.0
    return box, (1 + unevenness * wobble - distance) * radius


def _paint(labels: np.ndarray, box: tuple[slice, ...], where: np.ndarray, material: int) -> None:
    part = labels[box]
    part[where & (part != Tissue.AIR)] = material


def _solid(
    labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    box, depth = _blob(labels.shape, center, float(np.exp(rng.uniform(np.log(2), np.log(22)))), rng)
    _paint(labels, box, depth > 0, material)
    return [Kind.ENHANCING]


def _ring(labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator) -> list[Kind]:
    radius = float(rng.uniform(5, 25))
    box, depth = _blob(labels.shape, center, radius, rng)
    wall = float(rng.uniform(1.0, 4.5)) * (1 + 0.5 * smooth_noise(rng, depth.shape, float(rng.uniform(2, 6))))
    edema = float(rng.uniform(0, 0.3)) * radius
    _paint(labels, box, depth > -edema, material + 2)
    _paint(labels, box, depth > 0, material)
    _paint(labels, box, depth > np.maximum(wall, 0.8), material + 1)
    return [Kind.ENHANCING, Kind.DARK, Kind.DARK]


def _cystic(
    labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    box, depth = _blob(labels.shape, center, float(rng.uniform(6, 20)), rng)
    holes = smooth_noise(rng, depth.shape, float(rng.uniform(3, 8))) > rng.uniform(0.2, 1.2)
    _paint(labels, box, depth > 0, material)
    _paint(labels, box, (depth > 1) & holes, material + 1)
    return [Kind.ENHANCING, Kind.DARK]


def _patchy(
    labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    """Make a mosaic of strongly and faintly enhancing and dark parts, millimeters wide, as in gliomas."""
    box, depth = _blob(labels.shape, center, float(rng.uniform(6, 26)), rng, unevenness=0.35)
    grain = float(rng.uniform(1.5, 5))
    parts = smooth_noise(rng, depth.shape, grain) + 0.7 * smooth_noise(rng, depth.shape, 1.5)
    rim = 1.5 * np.exp(-((depth - rng.uniform(1, 4)) ** 2) / rng.uniform(1, 6))
    level = parts + rim
    first, second = np.sort(rng.uniform(-0.8, 1.2, 2))
    _paint(labels, box, depth > 0, material + 2)
    _paint(labels, box, (depth > 0) & (level > first), material + 1)
    _paint(labels, box, (depth > 0) & (level > second), material)
    return [Kind.ENHANCING, Kind.FAINT, Kind.DARK]


def _small_ones(
    labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    for _number in range(int(rng.integers(3, 12))):
        near = center + rng.normal(0, 14, 3).round().astype(int)
        if all(2 < c < n - 3 for c, n in zip(near, labels.shape, strict=True)):
            box, depth = _blob(labels.shape, near, float(rng.uniform(1, 4)), rng)
            _paint(labels, box, depth > 0, material)
    return [Kind.ENHANCING]


def _diffuse(
    labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    box, depth = _blob(labels.shape, center, float(rng.uniform(8, 28)), rng, unevenness=0.5)
    patchy = smooth_noise(rng, depth.shape, float(rng.uniform(3, 10)))
    _paint(labels, box, depth > 0, material)
    _paint(labels, box, (depth > 0) & (patchy > rng.uniform(0, 1)), material + 1)
    return [Kind.FAINT, Kind.FAINT]


def _meningeal(
    labels: np.ndarray, center: np.ndarray, dura_mm: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    reach = int(rng.integers(10, 35))
    box = tuple(slice(max(0, c - reach), min(n, c + reach + 1)) for c, n in zip(center, labels.shape, strict=True))
    thick = dura_mm[box]
    _paint(labels, box, (thick > 0) & (thick < rng.uniform(1.5, 4)), material)
    return [Kind.ENHANCING]


def _bright(
    labels: np.ndarray, center: np.ndarray, _: np.ndarray, material: int, rng: np.random.Generator
) -> list[Kind]:
    box, depth = _blob(labels.shape, center, float(rng.uniform(1.5, 10)), rng)
    _paint(labels, box, depth > 0, material)
    return [Kind.BRIGHT if rng.random() < 0.6 else Kind.VOID]
