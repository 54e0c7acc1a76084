# SPDX-License-Identifier: Apache-2.0
"""Where the voxels of a generated scan lie in a head: spacing, orientation, deformation, what registration leaves."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional

from lessgad.phantom.warp import rigid
from lessgad.training.generated.heads import GeneratedHead

AXIAL_SHARE = 0.6


def spacing(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw the spacing of slices, rows and columns.

    Args:
        rng: Random generator.

    Returns:
        The three spacings, in mm.
    """
    in_plane = float(np.exp(rng.uniform(np.log(0.4), np.log(1.25))))
    between = in_plane if rng.random() < 0.3 else float(np.exp(rng.uniform(np.log(0.8), np.log(6.0))))
    if rng.random() < 0.15:
        in_plane = between = 1.0
    return between, in_plane, in_plane


def grid_mm(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Float[np.ndarray, "z y x 3"]:
    """Give the position of each voxel relative to the middle of the grid.

    Args:
        shape: Number of voxels along each axis.
        spacing: Spacing of slices, rows and columns, in mm.

    Returns:
        x, y, z in mm, (z, y, x, 3).
    """
    axes = [(np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return np.stack([x, y, z], axis=-1).astype(np.float32)


def orientation(rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    """Draw a rotation, a size and a mirroring.

    Args:
        rng: Random generator.

    Returns:
        The matrix, (3, 3).
    """
    from scipy.spatial.transform import Rotation

    if rng.random() < AXIAL_SHARE:
        turned = Rotation.from_euler("xyz", rng.normal(0, [10, 6, 8]), degrees=True).as_matrix()
    else:
        turned = Rotation.random(random_state=np.random.RandomState(int(rng.integers(2**31)))).as_matrix()
    size = np.diag(np.exp(rng.uniform(-0.1, 0.5) + rng.normal(0, 0.08, 3)))  # finer anatomy than the template's
    mirrored = np.diag([rng.choice([-1.0, 1.0]), 1.0, 1.0])
    return (size @ turned @ mirrored).astype(np.float32)


def center(head: GeneratedHead, rng: np.random.Generator) -> Float[np.ndarray, " 3"]:
    """Draw a place in a head, often near a lesion.

    Args:
        head: The generated head.
        rng: Random generator.

    Returns:
        The place, in voxels, (3,).
    """
    if len(head.centers) and rng.random() < 0.65:
        return head.centers[rng.integers(len(head.centers))] + rng.normal(0, 10, 3)
    n = np.array(head.labels.shape)
    if rng.random() < 0.5:
        places = np.argwhere(head.brain[::6, ::6, ::6]) * 6
        return places[rng.integers(len(places))] + rng.normal(0, 4, 3)
    return n / 2 + rng.uniform(-0.3, 0.3, 3) * n


def warp(shape: tuple[int, ...], rng: np.random.Generator) -> Float[np.ndarray, "z y x 3"]:
    """Draw a smooth deformation.

    Args:
        shape: Number of voxels along each axis.
        rng: Random generator.

    Returns:
        Displacement of each voxel in mm, (z, y, x, 3).
    """
    coarse = rng.normal(0, rng.uniform(0, 2.5), (3, 1, 1, 3, 5, 5)).reshape(3, 3, 5, 5)
    fine = functional.interpolate(
        torch.from_numpy(coarse.astype(np.float32))[None], size=shape, mode="trilinear", align_corners=True
    )
    return fine[0].permute(1, 2, 3, 0).numpy()


def axes_of(grid: Float[np.ndarray, "z y x 3"]) -> Float[np.ndarray, "3 3"]:
    """Find the step from voxel to voxel along z, y and x in the middle of the grid.

    Args:
        grid: Position of each voxel, in mm.

    Returns:
        The steps, (3, 3).
    """
    z, y, x = (n // 2 for n in grid.shape[:3])
    here = grid[z, y, x]
    before = grid[z - 1, y, x], grid[z, y - 1, x], grid[z, y, x - 1]
    return np.stack([here - other for other in before])


def moved(
    grid: Float[np.ndarray, "z y x 3"], error_mm: float, rng: np.random.Generator
) -> Float[np.ndarray, "z y x 3"]:
    """Add the head motion that registration leaves: as many degrees as millimeters.

    Args:
        grid: Position of each voxel, in mm.
        error_mm: Size of the registration error, in mm.
        rng: Random generator.

    Returns:
        The moved positions in mm, (z, y, x, 3).
    """
    left = rigid(rng.normal(0, error_mm, 3), rng.normal(0, error_mm, 3))
    center = grid.reshape(-1, 3).mean(axis=0)
    return ((grid - center) @ left[:3, :3].T.astype(np.float32) + center + left[:3, 3]).astype(np.float32)
