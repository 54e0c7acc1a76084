# SPDX-License-Identifier: Apache-2.0
"""The grid of a scan in the room, and the places of its voxels in the template's head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.phantom.protocol import n_slices
from lessgad.phantom.shapes import ORIGIN_MM, Box, stretch
from lessgad.phantom.warp import Warp
from lessgad.volume import Affine

FIELD_OF_VIEW_MM = (184.0, 214.0)
SECTION_MM = 1.0  # a slice is the mean of sections about so far apart
COARSE_MM = 4.0  # places are found so far apart and interpolated; the warp is smooth, which costs less than 0.1 mm


@dataclass(frozen=True, eq=False)
class Slab:
    """Transverse slices through the cerebellopontine angles.

    Attributes:
        shape: Voxels along x, y, z.
        affine: To world mm.
        points: Coordinates of each section of each slice on the template’s grid; the last axis is slices × sections.
        n_sections: Number of sections per slice.
    """

    shape: tuple[int, int, int]
    affine: Affine
    points: Float[np.ndarray, "3 x y sections"]
    n_sections: int

    def sample(self, volume: Float[np.ndarray, "i j k"]) -> Float[np.ndarray, "x y z"]:
        """Average a volume on the grid of the template over the thickness of each slice.

        Args:
            volume: A volume on the grid of the template.

        Returns:
            The volume on the grid of the slab.
        """
        from scipy.ndimage import map_coordinates

        sections = map_coordinates(volume, self.points, order=1, mode="nearest", output=np.float32)
        return self._mean(sections)

    def share(self, mask: Bool[np.ndarray, "i j k"], box: Box) -> Float[np.ndarray, "x y z"]:
        """Compute the share of each voxel that lies in a mask, given in a box of the template's grid.

        Args:
            mask: Mask in the box.
            box: Box of the grid to compute in.

        Returns:
            The share, 0–1.
        """
        from scipy.ndimage import map_coordinates

        first = np.array([part.start for part in box], dtype=np.float32)[:, None, None, None]
        size = np.array([part.stop - part.start for part in box], dtype=np.float32)[:, None, None, None]
        near = ((self.points > first - 1) & (self.points < first + size)).all(axis=0)
        share = np.zeros(near.shape, dtype=np.float32)
        share[near] = map_coordinates(mask.astype(np.float32), self.points[:, near] - first[:, 0, 0], order=1)
        return self._mean(share)

    def _mean(self, sections: Float[np.ndarray, "x y s"]) -> Float[np.ndarray, "x y z"]:
        return sections.reshape(*self.shape, self.n_sections).mean(axis=-1)


def place_slab(
    spacing_mm: tuple[float, float, float], shift_mm: Float[np.ndarray, "3"], warp: Warp, pose: Affine
) -> Slab:
    """Place a slab around the origin of the patient's coordinates; the auditory canals lie 8 mm below it.

    Args:
        spacing_mm: Along x, y, z.
        shift_mm: Error of the slab position, in mm.
        warp: Warp from the patient's to the template's coordinates.
        pose: Pose from the patient's coordinates to world mm.

    Returns:
        The slab.
    """
    n_x, n_y = (round(extent / mm / 2) * 2 for extent, mm in zip(FIELD_OF_VIEW_MM, spacing_mm[:2], strict=True))
    shape = (n_x, n_y, n_slices(spacing_mm[2]))
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = -np.diag(affine)[:3] * (np.array(shape) - 1) / 2 + shift_mm + np.array([0, 4.0, 0.0])
    n_sections = max(1, round(spacing_mm[2] / SECTION_MM))
    return Slab(shape, affine, _template_points(shape, affine, n_sections, warp, pose), n_sections)


def _template_points(
    shape: tuple[int, int, int], affine: Affine, n_sections: int, warp: Warp, pose: Affine
) -> Float[np.ndarray, "3 x y sections"]:
    half = (n_sections - 1) / (2 * n_sections)
    ends = ((0, shape[0] - 1), (0, shape[1] - 1), (-half, shape[2] - 1 + half))
    spacing = np.diag(affine)[:3]
    axes = [
        np.linspace(*end, max(2, round((end[1] - end[0]) * mm / COARSE_MM) + 1))
        for end, mm in zip(ends, spacing, strict=True)
    ]
    index = np.stack([*np.meshgrid(*axes, indexing="ij"), np.ones([len(axis) for axis in axes])], axis=-1)
    patient = index @ (np.linalg.inv(pose) @ affine).T[:, :3]
    coarse = warp(patient) - np.array(ORIGIN_MM)
    fine = (*shape[:2], shape[2] * n_sections)
    return np.stack([stretch(coarse[..., axis], fine) for axis in range(3)])
