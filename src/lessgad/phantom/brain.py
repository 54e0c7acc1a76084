# SPDX-License-Identifier: Apache-2.0
"""The brain of the phantom: gray and white matter of ICBM152, and how far everything else is from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import InputError
from lessgad.phantom.canal import canal_wall
from lessgad.phantom.shapes import ORIGIN_MM, SHAPE, axes_mm, ellipsoid, mirrored, smooth_noise, stretch, tube

CLOSING_MM = 7.0  # folds narrower than twice this belong to the intracranial cavity
CISTERN_MM = 1.8  # CSF between brain and dura


@dataclass(frozen=True, eq=False)
class Brain:
    """The anatomy that all patients share before they are warped, on the grid of `shapes`.

    Attributes:
        gray: Fraction of gray matter, 0–1.
        white: Fraction of white matter, 0–1.
        distance_mm: Distance outside the brain, 0 within it.
        cavity: The intracranial cavity and the spinal canal.
        outside_mm: Distance outside the cavity, 0 within it.
    """

    gray: Float[np.ndarray, "x y z"]
    white: Float[np.ndarray, "x y z"]
    distance_mm: Float[np.ndarray, "x y z"]
    cavity: Bool[np.ndarray, "x y z"]
    outside_mm: Float[np.ndarray, "x y z"]


def check_atlas() -> None:
    """Raise InputError where nilearn, which brings the atlas of the phantom, is not installed."""
    if find_spec("nilearn") is None:
        raise InputError(
            "The phantom needs the package nilearn, which is not installed",
            remedy="In the checkout of lessgad, run: pip install '.[phantom]'",
        )


@cache
def load_brain() -> Brain:
    """Load the maps that come with nilearn (ICBM152 2009, symmetric) and find the cavity around them.

    Returns:
        The brain on the grid of `shapes`, at 1 mm.

    Raises:
        InputError: nilearn is not installed.

    Source: Fonov et al., NeuroImage 2011.
    """
    check_atlas()
    from nilearn.datasets import load_mni152_gm_template, load_mni152_wm_template

    gray = _on_grid(np.asarray(load_mni152_gm_template(resolution=1).dataobj))
    white = _on_grid(np.asarray(load_mni152_wm_template(resolution=1).dataobj))
    gray, white = _with_folia(*_sharpened(gray, white))
    brain = gray + white > 0.4
    distance = distance_outside(brain)
    closed = distance_outside(~(distance <= CLOSING_MM)) > CLOSING_MM - CISTERN_MM
    cavity = _with_cisterns(closed | (distance <= 1.0))
    cavity &= ~_petrous_bones(distance)
    return Brain(gray * cavity, white * cavity, distance, cavity, distance_outside(cavity))


def distance_outside(mask: Bool[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
    """Compute the distance to `mask` at 2 mm and interpolate it, which is accurate enough for soft tissue.

    Args:
        mask: True inside.

    Returns:
        Distance in mm, 0 inside the mask.
    """
    from scipy.ndimage import distance_transform_edt

    coarse = mask[::2, ::2, ::2]
    distance = stretch(np.asarray(distance_transform_edt(~coarse, sampling=2.0), dtype=np.float32), SHAPE)
    return np.where(mask, np.float32(0), np.maximum(distance, np.float32(0.5)))


def _on_grid(template: Float[np.ndarray, "i j k"]) -> Float[np.ndarray, "x y z"]:
    """Crop the vertex; below the foramen magnum the lowest slice, the medulla, is continued."""
    below = round(-72.0 - ORIGIN_MM[2])
    in_front = SHAPE[1] - template.shape[1]
    cropped = template[:, :, : SHAPE[2] - below].astype(np.float32)
    return np.pad(np.pad(cropped, ((0, 0), (0, 0), (below, 0)), mode="edge"), ((0, 0), (0, in_front), (0, 0)))


def _sharpened(
    gray: Float[np.ndarray, "x y z"], white: Float[np.ndarray, "x y z"]
) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "x y z"]]:
    """Undo some of the blur of averaging many brains: square the probabilities and share them out again."""
    rest = np.clip(1 - gray - white, 0, 1)
    total = gray**2 + white**2 + rest**2 + np.float32(1e-6)
    return gray**2 / total, white**2 / total


def _with_folia(
    gray: Float[np.ndarray, "x y z"], white: Float[np.ndarray, "x y z"]
) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "x y z"]]:
    """Add fissures between the folia of the cerebellar cortex, which averaging has removed.

    They run about parallel to the surface that faces the petrous bone and tentorium: level sets of the distance from a
    point in front of the cerebellum, a little uneven.

    Args:
        gray: Fraction of gray matter, 0–1.
        white: Fraction of white matter, 0–1.

    Returns:
        Gray and white matter, 0–1.
    """
    x, y, z = axes_mm()
    wobble = smooth_noise(np.random.default_rng(152), SHAPE, 11)
    radius = np.sqrt((0.75 * x) ** 2 + (y + 22) ** 2 + (0.9 * (z + 20)) ** 2) + 1.3 * wobble
    below_tentorium = (z < -14 - 0.28 * (np.abs(x) - 10)) & (y < -36) & (y < -26 - 0.3 * np.abs(x))
    cortex = np.clip(gray - white, 0, 1) * (below_tentorium & (z > -70))
    fissure = 0.30 * cortex * np.clip(np.cos(2 * np.pi * radius / 4.2), 0, 1) ** 2
    return gray * (1 - fissure), white


def _with_cisterns(cavity: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    regions = [
        tube([(0, -11, -24), (0, -11, -40), (0, -18, -52), (0, -26, -66)], [7, 6, 6, 7]),  # prepontine
        ellipsoid((0, 3, -20), (12, 12, 8)),  # suprasellar
        ellipsoid((0, -66, -62), (13, 16, 8)),  # magna
        tube([(0, -38, -58), (0, -44, -90)], [13, 10]),  # spinal canal
    ]
    for side in (1, -1):
        regions.append(tube(mirrored([(10, -15, -38), (18, -23, -38), (22, -27.5, -38)], side), [5, 5, 3.5]))
        regions.append(tube(mirrored([(8, -24, -50), (20, -31, -47)], side), [6, 4]))
        regions.append(tube(mirrored([(13, -14, -32), (17, -10, -30)], side), [4, 4]))
    filled = cavity.copy()
    for box, inside in regions:
        filled[box] |= inside
    return filled


def _petrous_bones(distance_mm: Float[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    """Find the pyramids between temporal lobe and cerebellum, which closing would have filled."""
    bones = np.zeros(SHAPE, dtype=bool)
    x, y, _ = axes_mm()
    for side in (1, -1):
        box, inside = tube(mirrored([(15, -10, -37), (34, -24, -38), (60, -42, -40)], side), [3.5, 6.5, 9])
        bones[box] |= inside
    behind = np.abs(x) * 0.62 + y < -8.0  # the cistern side of the ridge stays CSF
    bones &= (distance_mm > 1.5) & ~(behind & (np.abs(x) < 24))
    for side in (1, -1):
        box, inside = canal_wall(side)
        bones[box] |= inside & (distance_mm[box] > 0.7)
    return bones
