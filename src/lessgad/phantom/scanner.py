# SPDX-License-Identifier: Apache-2.0
"""Scan a head: T1 and T1ce on their own grids, and the mask of the tumour on that of the T1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int16, UInt8

from lessgad.phantom.anatomy import Head
from lessgad.phantom.schwannoma import EXTRAMEATAL, INTRAMEATAL, Growth
from lessgad.phantom.sequences import Sequence, with_contrast
from lessgad.phantom.shapes import ORIGIN_MM, smooth_noise, stretch
from lessgad.phantom.tissues import Relaxation, Tissue
from lessgad.phantom.warp import Warp, rigid
from lessgad.volume import Affine, Volume

SHAPE = (176, 208, 32)
PARTS_OF_SLICE = 3  # a slice is the mean of so many sections through its thickness


@dataclass(frozen=True, eq=False)
class Study:
    """One session of a patient.

    Attributes:
        pre_contrast: T1, int16.
        standard_dose: T1ce, int16, on a grid and intensity scale of its own.
        mask: 1 intrameatal, 2 extrameatal, on the grid of the T1.
        motion: The truth that a registration should find: maps T1 world mm to T1ce world mm.
    """

    pre_contrast: Volume
    standard_dose: Volume
    mask: Volume
    motion: Affine


def scan(
    head: Head, growth: Growth, warp: Warp, tissue: Relaxation, sequence: Sequence, rng: np.random.Generator
) -> Study:
    """Scan a head with its tumour before and after contrast.

    Args:
        head: The head with the tumour in it, on the template's grid.
        growth: Where the tumour is, and how unevenly it takes up contrast.
        warp: From the patient's to the template's coordinates.
        tissue: Relaxation and uptake of this patient's tissues.
        sequence: The same for both scans.
        rng: For pose, motion, grids, coil, noise and windows.
    """
    pose = rigid(rng.normal(0, [4.0, 2.0, 2.5]), rng.normal(0, [1.5, 1.5, 1.5]))
    motion = rigid(rng.normal(0, 1.2, 3), rng.normal(0, 1.0, 3))
    in_plane = rng.uniform(1.0, 1.05)
    thickness = rng.uniform(2.4, 2.6)
    before = _grid((in_plane, in_plane, thickness), np.zeros(3))
    after = _grid((in_plane * rng.choice([1.0, 1.03]),) * 2 + (thickness,), rng.normal(0, [2, 1, 1]))
    texture = 1 + 0.035 * smooth_noise(rng, head.labels.shape, 4)
    reference = float(sequence.signal(tissue)[Tissue.WHITE])
    noise = reference / rng.uniform(25, 45)
    coil = rng.normal(0, 1, (3, 3))
    windows = rng.uniform(250, 900, 2)
    images: list[Volume] = []
    points: dict[float, Float[np.ndarray, "3 x y sections"]] = {}
    for dose, affine, moved, window in ((0.0, before, pose, windows[0]), (1.0, after, motion @ pose, windows[1])):
        signal = _signal(head, growth, tissue, sequence, dose, texture)
        points[dose] = template_points(warp, affine, moved)
        image = _slices(signal, points[dose]) * coil_sensitivity(coil + 0.15 * rng.normal(0, 1, (3, 3)))
        images.append(Volume(_digitised(image / reference, noise / reference, float(window), rng), affine))
    return Study(images[0], images[1], Volume(_mask(growth, points[0.0]), before), motion)


def template_points(warp: Warp, affine: Affine, pose: Affine) -> Float[np.ndarray, "3 x y sections"]:
    """Voxel indices on the template's grid of each section of each slice; `pose` maps patient to world mm.

    Found on every fourth voxel and interpolated: the warp is smooth, which costs less than 0.1 mm.
    """
    nx, ny, nz = SHAPE
    sections = nz * PARTS_OF_SLICE
    half = (PARTS_OF_SLICE - 1) / (2 * PARTS_OF_SLICE)
    axes = (
        np.linspace(0, nx - 1, nx // 4 + 1),
        np.linspace(0, ny - 1, ny // 4 + 1),
        np.linspace(-half, nz - 1 + half, nz // 2 + 1),
    )
    index = np.stack([*np.meshgrid(*axes, indexing="ij"), np.ones([len(axis) for axis in axes])], axis=-1)
    patient = index @ (np.linalg.inv(pose) @ affine).T[:, :3]
    coarse = warp(patient) - np.array(ORIGIN_MM)
    return np.stack([stretch(coarse[..., axis], (nx, ny, sections)) for axis in range(3)])


def coil_sensitivity(weights: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "x y z"]:
    """A smooth bias field around 1, within about ±25 %: a product of low cosines along each axis."""
    field = np.ones(SHAPE, dtype=np.float32)
    for axis, (n, row) in enumerate(zip(SHAPE, weights, strict=True)):
        position = np.linspace(0, np.pi, n)
        gain = np.exp(np.clip(sum(0.05 * w * np.cos((m + 1) * position) for m, w in enumerate(row)), -0.2, 0.2))
        field *= np.moveaxis(gain[:, None, None], 0, axis).astype(np.float32)
    return field


def rician(image: Float[np.ndarray, "x y z"], sigma: float, rng: np.random.Generator) -> Float[np.ndarray, "x y z"]:
    """The magnitude of `image` with Gaussian noise of SD `sigma` on both channels.

    Source: Gudbjartsson and Patz, MRM 1995.
    """
    real = image + np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.sqrt(real**2 + imaginary**2)


def _grid(spacing_mm: tuple[float, ...], shift_mm: Float[np.ndarray, "3"]) -> Affine:
    """A transverse slab around the origin of the patient's coordinates; the auditory canals lie 8 mm below it."""
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = -np.diag(affine)[:3] * (np.array(SHAPE) - 1) / 2 + shift_mm + np.array([0, 4.0, 0.0])
    return affine


def _signal(
    head: Head,
    growth: Growth,
    tissue: Relaxation,
    sequence: Sequence,
    dose: float,
    texture: Float[np.ndarray, "x y z"],
) -> Float[np.ndarray, "x y z"]:
    from scipy.ndimage import gaussian_filter

    table = sequence.signal(with_contrast(tissue, sequence.field_strength_t, dose)).astype(np.float32)
    signal = table[head.labels]
    signal *= 1 - head.grey - head.white
    signal += table[Tissue.GREY] * head.grey + table[Tissue.WHITE] * head.white
    solid = head.labels[growth.box] == Tissue.TUMOR
    signal[growth.box][solid] = _uneven(tissue, sequence, dose, growth.texture[solid])
    smooth: Float[np.ndarray, "x y z"] = gaussian_filter(signal * texture.astype(np.float32), 0.5, truncate=3.0)
    return smooth


def _uneven(
    tissue: Relaxation, sequence: Sequence, dose: float, texture: Float[np.ndarray, " voxel"]
) -> Float[np.ndarray, " voxel"]:
    """Signal of tumour voxels whose uptake differs by the factor `texture`."""
    row, n = int(Tissue.TUMOR), len(texture)
    t1_ms, t2_ms, water = (np.full(n, values[row]) for values in (tissue.t1_ms, tissue.t2_ms, tissue.water))
    voxels = Relaxation(t1_ms, t2_ms, water, tissue.uptake_mm[row] * texture)
    return sequence.signal(with_contrast(voxels, sequence.field_strength_t, dose))


def _slices(volume: Float[np.ndarray, "i j k"], points: Float[np.ndarray, "3 x y s"]) -> Float[np.ndarray, "x y z"]:
    from scipy.ndimage import map_coordinates

    sections = map_coordinates(volume, points, order=1, mode="nearest", output=np.float32)
    return sections.reshape(*sections.shape[:2], -1, PARTS_OF_SLICE).mean(axis=-1)


def _mask(growth: Growth, points: Float[np.ndarray, "3 x y sections"]) -> UInt8[np.ndarray, "x y z"]:
    """Labels of voxels that are at least half tumour; sampled only where the tumour's box is."""
    from scipy.ndimage import map_coordinates

    first = np.array([part.start for part in growth.box], dtype=np.float32)[:, None, None, None]
    size = np.array([part.stop - part.start for part in growth.box], dtype=np.float32)[:, None, None, None]
    near = ((points > first - 1) & (points < first + size)).all(axis=0)
    shares = []
    for piece in (growth.intrameatal, growth.extrameatal):
        share = np.zeros(near.shape, dtype=np.float32)
        share[near] = map_coordinates(piece.astype(np.float32), points[:, near] - first[:, 0, 0], order=1)
        shares.append(share.reshape(*share.shape[:2], -1, PARTS_OF_SLICE).mean(axis=-1))
    inside, outside = shares
    labels = np.where(inside >= outside, INTRAMEATAL, EXTRAMEATAL) * (inside + outside >= 0.5)
    return labels.astype(np.uint8)


def _digitised(
    image: Float[np.ndarray, "x y z"], sigma: float, window: float, rng: np.random.Generator
) -> Int16[np.ndarray, "x y z"]:
    """Magnitudes as a scanner stores them: noise, a scale of its own, whole numbers."""
    return np.clip(np.rint(window * rician(image, sigma, rng)), 0, 32767).astype(np.int16)
