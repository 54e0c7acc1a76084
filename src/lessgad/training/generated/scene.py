# SPDX-License-Identifier: Apache-2.0
"""A piece of a head on the grid of a scanner, noise-free: T1, low-dose end points in their own position, target.

Everything is sampled from the continuous head. The T1 and the low dose are each sampled where their scanner's voxels
lie; interpolation brings them onto the common grid later, after their noise was added (`scan`). The target is the
noise-free standard dose in the position of the T1.

Half of the scenes are simulated low doses instead, as an experiment makes them from a pair: the T1ce is a scan of its
own, registered to the T1, with its own resolution, texture and contrast of tissues; the low dose is mixed from both.
All that differs between the two is then in the low dose, scaled by the dose, and in the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch.nn import functional

from lessgad.phantom.shapes import smooth_noise
from lessgad.phantom.tissues import Tissue
from lessgad.training.generated.appearance import draw_appearance
from lessgad.training.generated.heads import GeneratedHead
from lessgad.training.generated.placement import axes_of, center, grid_mm, moved, orientation, warp
from lessgad.training.generated.placement import spacing as draw_spacing

SIZE = 128
DEPTH_MM = 4.5  # of slices above and below the middle one, for averages in three dimensions
MOST_SLICES = 13
N_SEEN = 5
MARGIN = 4  # voxels of the head around the scene
SIMULATED_SHARE = 0.5
SAME_GRID_SHARE = 0.2
STRIPPED_SHARE = 0.4
REGISTRATION_ERRORS_MM = (0.01, 0.03, 0.1, 0.2)  # the phantom's scans are registered within 0.01 to 0.07 mm


@dataclass(frozen=True, eq=False)
class Scene:
    """Slices of one generated patient, slices first; white matter is about 1, true zero 0.

    Attributes:
        pre_contrast: T1 at its scanner's voxels.
        standard_dose: The target: T1ce on the common grid, in the position of the T1.
        low_dose_source_pair: T1 and T1ce at the voxels of the low dose's scanner.
        pre_contrast_shift: Where the voxels of the T1's scanner lie, in voxels of the common grid (z, y, x).
        low_shift: Where the voxels of the low dose's scanner lie, in voxels of the common grid (z, y, x).
        seen: Voxels that are scanned; what a skull strip takes away is not.
        misalignment_mm: Possible misalignment of low dose and T1, an input of the field; 0 for simulated low doses.
        spacing_mm: Spacing of slices, rows and columns, in mm.
        unit: Signal of the tissue that the images are normalized by.
    """

    pre_contrast: Float[np.ndarray, "z y x"]
    standard_dose: Float[np.ndarray, "z y x"]
    low_dose_source_pair: tuple[Float[np.ndarray, "z y x"], Float[np.ndarray, "z y x"]]
    pre_contrast_shift: tuple[float, float, float]
    low_shift: tuple[float, float, float]
    seen: Bool[np.ndarray, "z y x"]
    misalignment_mm: float
    spacing_mm: tuple[float, float, float]
    unit: float


def draw_scene(head: GeneratedHead, rng: np.random.Generator) -> Scene:
    """Place a stack of slices in a head and sample the noise-free signals that scanners would measure.

    Args:
        head: The generated head.
        rng: Random generator.

    Returns:
        The scene.
    """
    spacing = draw_spacing(rng)
    n = int(min(MOST_SLICES, max(N_SEEN, 2 * np.ceil(DEPTH_MM / spacing[0]) + 1)))
    grid = grid_mm((n, SIZE, SIZE), spacing) @ orientation(rng).T + center(head, rng)
    grid = grid + warp(grid.shape[:3], rng)
    simulated = rng.random() < SIMULATED_SHARE
    same = simulated or rng.random() < SAME_GRID_SHARE
    shifts = [np.zeros(3), np.zeros(3)]
    if not same:
        shifts[1] = rng.uniform(-0.5, 0.5, 3)
        if rng.random() < 0.3:
            shifts[0] = rng.uniform(-0.5, 0.5, 3)
    axes_mm = axes_of(grid)
    places = [grid, *(grid + shift @ axes_mm if shift.any() else grid for shift in shifts)]
    error_mm = float(rng.choice(REGISTRATION_ERRORS_MM))
    told = (0.05 + 1.3 * error_mm) * float(np.exp(rng.normal(0, 0.25)))
    if simulated or not same:
        places[2] = moved(places[2], error_mm, rng)
    volume = _signals(head, rng, places, other_contrast=simulated)
    n_sections = max(1, round(spacing[0] * rng.uniform(0.7, 1.0)))
    on_grid = _sampled(volume, grid, axes_mm[0], n_sections)
    sampled = [on_grid if place is grid else _sampled(volume, place, axes_mm[0], n_sections) for place in places]
    seen = np.ones(grid.shape[:3], dtype=bool)
    if rng.random() < STRIPPED_SHARE:
        seen = _nearest(head.brain, grid)
    shading = _smooth_field(rng, grid.shape[:3], 0.12)
    (target, t1, low) = ([image * shading for image in pair] for pair in sampled)
    if simulated:
        t1[0], low[1] = _own_look(t1[0], low[1], rng)
        if not seen.all() and rng.random() < 0.6:
            low[1] = low[1] * _cut_elsewhere(seen, rng)
        target[1], low[0] = low[1], t1[0]
    tissue = t1[0][seen & (t1[0] > 0.25)]
    unit = float(np.median(tissue)) * float(np.exp(rng.normal(0, 0.2))) if len(tissue) > 200 else 1.0
    return Scene(
        pre_contrast=t1[0],
        standard_dose=target[1],
        low_dose_source_pair=(low[0], low[1]),
        pre_contrast_shift=_triple(shifts[0]),
        low_shift=_triple(shifts[1]),
        seen=seen,
        misalignment_mm=0.0 if simulated else told,
        spacing_mm=spacing,
        unit=unit,
    )


def _own_look(
    t1: Float[np.ndarray, "z y x"], t1ce: Float[np.ndarray, "z y x"], rng: np.random.Generator
) -> tuple[Float[np.ndarray, "z y x"], Float[np.ndarray, "z y x"]]:
    """Give one scan of a pair a lower resolution, and the T1ce fine texture that the T1 does not have."""
    from scipy.ndimage import gaussian_filter

    blur = (0, *(2 * [float(rng.uniform(0, 1.1))]))
    which = rng.random()
    t1 = gaussian_filter(t1, blur) if which < 0.35 else t1
    t1ce = gaussian_filter(t1ce, blur) if which > 0.75 else t1ce
    grain = gaussian_filter(rng.standard_normal(t1.shape, dtype=np.float32), (0, 0.5, 0.5))
    strength = np.float32(rng.uniform(0, 0.04) / max(float(grain.std()), 1e-6))
    return t1, np.maximum(t1ce + strength * grain * np.minimum(t1, 1), 0)


def _cut_elsewhere(seen: Bool[np.ndarray, "z y x"], rng: np.random.Generator) -> Float[np.ndarray, "z y x"]:
    """Share of each voxel that another strip leaves, shifted by up to half a voxel and interpolated like the image."""
    from scipy.ndimage import shift

    by = rng.uniform(-0.5, 0.5, 3)
    moved = shift(seen.astype(np.float32), by, order=3, mode="nearest", prefilter=False)
    return np.clip(moved, 0, 1.05).astype(np.float32)


def _signals(
    head: GeneratedHead,
    rng: np.random.Generator,
    places: list[Float[np.ndarray, "z y x 3"]],
    *,
    other_contrast: bool,
) -> tuple[torch.Tensor, np.ndarray]:
    """T1 and T1ce of the part of the head that holds the places, (1, 2, x, y, z), and its first voxel."""
    from scipy.ndimage import gaussian_filter

    points = np.concatenate([place[:: place.shape[0] - 1 or 1].reshape(-1, 3) for place in places])
    shape = np.array(head.labels.shape)
    first = np.clip(np.floor(points.min(axis=0)).astype(int) - MARGIN, 0, shape - 2)
    stop = np.clip(np.ceil(points.max(axis=0)).astype(int) + MARGIN, first + 2, shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))
    labels = head.labels[box]
    gray, white = (fraction[box].astype(np.float32) for fraction in (head.gray, head.white))
    look = draw_appearance(head.kinds, rng)
    other = 1 - gray - white
    texture = 1 + _strength(rng, 0.01, 0.14) * head.texture[box].astype(np.float32)
    uptake_texture = head.uptake_texture[box].astype(np.float32)
    patchy = 1 + _strength(rng, 0.08, 0.8) * uptake_texture
    before, rise = look.pre_contrast, look.standard_dose - look.pre_contrast
    if other_contrast:
        rise = rise + before * rng.normal(0, rng.uniform(0, 0.12), len(before)).astype(np.float32)
    mixed = [
        other * table[labels] + gray * table[Tissue.GRAY] + white * table[Tissue.WHITE] for table in (before, rise)
    ]
    t1 = mixed[0] * texture
    t1ce = t1 + mixed[1] * np.maximum(patchy, 0)
    if other_contrast or rng.random() < 0.5:
        t1ce = t1ce + _strength(rng, 0.004, 0.09) * mixed[0] * uptake_texture
    blur = float(rng.uniform(0.2, 0.6))
    smooth = [gaussian_filter(image.astype(np.float32), blur, truncate=2.5) for image in (t1, np.maximum(t1ce, 0))]
    return torch.from_numpy(np.stack(smooth))[None], first


def _strength(rng: np.random.Generator, least: float, most: float) -> np.float32:
    """Draw the SD of a texture, evenly over its logarithm."""
    return np.float32(np.exp(rng.uniform(np.log(least), np.log(most))))


def _sampled(
    volume: tuple[torch.Tensor, np.ndarray],
    grid: Float[np.ndarray, "z y x 3"],
    slice_step: Float[np.ndarray, " 3"],
    n_sections: int,
) -> list[Float[np.ndarray, "z y x"]]:
    """Mean of both signals through the thickness of each slice."""
    signals, first = volume
    size = np.array(signals.shape[2:])
    offsets = (np.arange(n_sections) - (n_sections - 1) / 2) / n_sections
    total = np.zeros((2, *grid.shape[:3]), np.float32)
    for offset in offsets:
        at = (grid + np.float32(offset) * slice_step - first) * (2 / (size - 1)) - 1
        places = torch.from_numpy(np.ascontiguousarray(at[..., ::-1], dtype=np.float32))[None]
        total += functional.grid_sample(signals, places, mode="bilinear", align_corners=True)[0].numpy()
    return list(total / n_sections)


def _nearest(mask: Bool[np.ndarray, "i j k"], grid: Float[np.ndarray, "z y x 3"]) -> Bool[np.ndarray, "z y x"]:
    index = np.rint(grid).astype(int)
    inside = ((index >= 0) & (index < mask.shape)).all(axis=-1)
    clipped = np.clip(index, 0, np.array(mask.shape) - 1)
    return mask[clipped[..., 0], clipped[..., 1], clipped[..., 2]] & inside


def _smooth_field(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> Float[np.ndarray, "z y x"]:
    field = smooth_noise(rng, (max(shape[0], 2), shape[1], shape[2]), (40, 64, 64))[: shape[0]]
    return np.exp(np.float32(rng.uniform(0, sd)) * field).astype(np.float32)


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
