# SPDX-License-Identifier: Apache-2.0
"""Heads to scan: the phantom's, each with lesions of its own, built when they are first wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.phantom.anatomy import build_head
from lessgad.phantom.brain import load_brain
from lessgad.phantom.growth import place
from lessgad.phantom.schwannoma import draw_schwannoma
from lessgad.phantom.shapes import ORIGIN_MM, paint, smooth_noise, tube
from lessgad.phantom.tissues import Tissue
from lessgad.training.generated.lesions import Kind, paint_lesions

N_KEPT = 20
SHAPES_SHARE = 0.25
BRAIN_REACH_MM = (0.5, 4.5)  # of a skull strip beyond the brain; often with dura and veins
SHAPES_SIZE = (120, 120, 100)


@dataclass(frozen=True, eq=False)
class GeneratedHead:
    """A volume of materials at 1 mm.

    Attributes:
        labels: A material for each voxel.
        gray: Fraction of gray matter; what is neither gray nor white is what the label says.
        white: Fraction of white matter.
        kinds: Kinds of lesion of the materials after the tissues.
        centers: Voxels worth looking at: lesions.
        brain: What a skull strip leaves.
        texture: Fine structure of the signal, SD 1.
        uptake_texture: Texture of the enhancement, SD 1.
    """

    labels: Int[np.ndarray, "x y z"]
    gray: Float[np.ndarray, "x y z"]
    white: Float[np.ndarray, "x y z"]
    kinds: tuple[Kind, ...]
    centers: Int[np.ndarray, "n 3"]
    brain: Bool[np.ndarray, "x y z"]
    texture: Float[np.ndarray, "x y z"]
    uptake_texture: Float[np.ndarray, "x y z"]


@lru_cache(maxsize=N_KEPT)
def generated_head(seed: int, number: int) -> GeneratedHead:
    """Build head `number` of a training: anatomy for three quarters, meaningless shapes for one quarter.

    Args:
        seed: Random seed.
        number: Number of the head.

    Returns:
        The head.
    """
    rng = np.random.default_rng((seed, number))
    return _shapes(rng) if rng.random() < SHAPES_SHARE else _anatomy(rng)


def _anatomy(rng: np.random.Generator) -> GeneratedHead:
    head = build_head(rng, int(rng.integers(20, 90)))
    centers = []
    if rng.random() < 0.6:
        tumor = draw_schwannoma(rng, float(rng.random()))
        growth, head = place(tumor, head, 1.09)
        middle = np.argwhere(growth.intrameatal | growth.extrameatal)
        if len(middle):
            centers.append(np.array([b.start for b in growth.box]) + middle.mean(axis=0).round().astype(int))
    template = load_brain()
    brain = template.distance_mm < rng.uniform(*BRAIN_REACH_MM)
    labels = head.labels.copy()
    gray, white = head.gray, head.white
    _paint_small_vessels(labels, template.cavity, rng)
    lesions = paint_lesions(labels, template.distance_mm <= 0.5, template.outside_mm, rng)
    painted = (labels >= len(Tissue)) | (labels == Tissue.VEIN) | (labels == Tissue.ARTERY)
    tissue = np.where(painted, np.float32(0), np.float32(1))
    centers = [*centers, *lesions.centers]
    return GeneratedHead(
        labels=labels,
        gray=(gray * tissue).astype(np.float16),
        white=(white * tissue).astype(np.float16),
        kinds=lesions.kinds,
        centers=np.array(centers, dtype=np.int64).reshape(-1, 3),
        brain=brain | (labels >= len(Tissue)) & (template.distance_mm < 12),
        texture=_texture(rng, labels.shape),
        uptake_texture=_texture(rng, labels.shape),
    )


def _paint_small_vessels(
    labels: Int[np.ndarray, "x y z"], cavity: Bool[np.ndarray, "x y z"], rng: np.random.Generator
) -> None:
    """Paint crooked thin veins and arteries into brain and sulci, many more than the phantom has."""
    inside = np.argwhere(cavity[::8, ::8, ::8]) * 8 + np.array(ORIGIN_MM)
    for _ in range(int(rng.integers(5, 45))):
        points = [inside[rng.integers(len(inside))]]
        step = rng.normal(0, 1, 3)
        for _step in range(int(rng.integers(2, 6))):
            step = step / np.linalg.norm(step) + rng.normal(0, 0.5, 3)
            points.append(points[-1] + step * rng.uniform(4, 12))
        line = [(float(x), float(y), float(z)) for x, y, z in points]
        material = Tissue.VEIN if rng.random() < 0.7 else Tissue.ARTERY
        paint(labels, tube(line, float(rng.uniform(0.6, 1.5))), material, cavity)


def _shapes(rng: np.random.Generator) -> GeneratedHead:
    """Regions of random shape and size, after SynthMorph (Hoffmann et al., IEEE TMI 2022)."""
    n_regions = int(rng.integers(4, 10))
    grain = float(np.exp(rng.uniform(np.log(6), np.log(30))))
    fields = [
        smooth_noise(rng, SHAPES_SIZE, grain) + 0.6 * smooth_noise(rng, SHAPES_SIZE, grain / 3)
        for _ in range(n_regions)
    ]
    tissues = rng.permutation([int(t) for t in Tissue if t not in (Tissue.AIR, Tissue.GRAY, Tissue.WHITE)])
    labels = tissues[:n_regions].astype(np.int8)[np.argmax(fields, axis=0)]
    white = np.clip(smooth_noise(rng, SHAPES_SIZE, grain) * 2, 0, 1) * (labels == tissues[0])
    inside = smooth_noise(rng, SHAPES_SIZE, 40) > -1.2
    labels[~inside & (rng.random() < 0.5)] = Tissue.AIR
    dura = np.full(SHAPES_SIZE, np.float32(-1))
    lesions = paint_lesions(labels, inside, dura, rng)
    return GeneratedHead(
        labels=labels,
        gray=np.zeros(SHAPES_SIZE, np.float32),
        white=white.astype(np.float32) * (labels < len(Tissue)),
        kinds=lesions.kinds,
        centers=lesions.centers,
        brain=inside,
        texture=_texture(rng, SHAPES_SIZE),
        uptake_texture=_texture(rng, SHAPES_SIZE),
    )


def _texture(rng: np.random.Generator, shape: tuple[int, int, int]) -> Float[np.ndarray, "x y z"]:
    shares = rng.dirichlet((1, 1, 1))
    grains = smooth_noise(rng, shape, 5), smooth_noise(rng, shape, 2), rng.standard_normal(shape, dtype=np.float32)
    mixed = np.zeros(shape, np.float32)
    for share, grain in zip(shares, grains, strict=True):
        mixed += np.float32(np.sqrt(share)) * grain
    return mixed.astype(np.float16)
