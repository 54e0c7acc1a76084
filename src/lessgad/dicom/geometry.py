# SPDX-License-Identifier: Apache-2.0
"""Whether the frames of a series make a regular volume, and its grid; or the reason why they do not.

The slices must be parallel, in one place each, a constant distance apart, and stacked along their normal.
Source of the terms: DICOM PS3.3 C.7.6.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.dicom.series import DicomFrame
from lessgad.errors import SeriesError
from lessgad.volume import Affine

LARGEST_ANGLE = 1e-3  # rad (0.06°), between two slices
LARGEST_TILT = 0.01  # rad (0.6°), between the stack and the normal of its slices
SINGLE_SLICE_MM = 1.0  # thickness of a single slice whose header has none, as dcm2niix takes it
SPACING_TOLERANCE = 0.05  # of the spacing, and at least
SPACING_TOLERANCE_MM = 0.02  # for positions that were rounded to two decimals
SAME_PLACE_MM = 1e-3
_NO_VOLUME = "The series is not a regular volume:"


@dataclass(frozen=True, eq=False)
class SliceGrid:
    """Frames in order along their normal, and the grid that they make.

    Attributes:
        frames: Frames from the first slice to the last, along row × column.
        affine: Maps (column, row, slice) to RAS+ mm.
    """

    frames: tuple[DicomFrame, ...]
    affine: Affine

    @property
    def shape(self) -> tuple[int, int, int]:
        """Columns, rows, slices."""
        rows, columns = self.frames[0].shape
        return columns, rows, len(self.frames)


def regular_grid(frames: tuple[DicomFrame, ...]) -> SliceGrid:
    """Order frames along their normal and check that they make a regular volume.

    Args:
        frames: Frames of the series.

    Returns:
        The ordered frames with their grid.

    Raises:
        SeriesError: They do not; the reason says how.
    """
    first = frames[0]
    if any(one.position_mm is None or one.orientation is None or one.pixel_spacing_mm is None for one in frames):
        raise SeriesError(f"{_NO_VOLUME} slices without position, orientation or pixel spacing")
    if len({one.shape for one in frames}) > 1:
        raise SeriesError(f"{_NO_VOLUME} slices of different size")
    orientations = np.array([one.orientation for one in frames])
    if not np.isfinite(orientations).all():
        raise SeriesError(f"{_NO_VOLUME} slices without orientation")
    if np.abs(orientations - orientations[0]).max() > LARGEST_ANGLE:
        raise SeriesError(f"{_NO_VOLUME} slices of mixed orientation")
    spacings = np.array([one.pixel_spacing_mm for one in frames])
    if np.abs(spacings / spacings[0] - 1).max() > SPACING_TOLERANCE / 10:
        raise SeriesError(f"{_NO_VOLUME} slices with different pixel spacing")
    row, column = orientations[0, :3], orientations[0, 3:]
    if abs(float(row @ column)) > LARGEST_ANGLE or abs(np.linalg.norm(row) * np.linalg.norm(column) - 1) > 0.01:
        raise SeriesError(f"{_NO_VOLUME} rows and columns that are not perpendicular")
    positions = np.array([one.position_mm for one in frames])
    normal = np.cross(row, column)
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    positions = positions[order]
    step = _step(positions, normal, first.spacing_mm)
    to_lps = np.eye(4)
    to_lps[:3, 0], to_lps[:3, 1] = row * spacings[0, 1], column * spacings[0, 0]
    to_lps[:3, 2], to_lps[:3, 3] = step, positions[0]
    return SliceGrid(tuple(frames[index] for index in order), np.diag([-1.0, -1.0, 1.0, 1.0]) @ to_lps)


def _step(
    positions: Float[np.ndarray, "slice 3"], normal: Float[np.ndarray, " 3"], thickness_mm: float | None
) -> Float[np.ndarray, " 3"]:
    """Compute the vector from one slice to the next."""
    if len(positions) == 1:
        return normal * (thickness_mm or SINGLE_SLICE_MM)
    gaps = np.diff(positions @ normal)
    if (gaps < SAME_PLACE_MM).all():
        raise SeriesError(f"{_NO_VOLUME} {len(positions)} images at one place (a time series or a projection)")
    if (gaps < SAME_PLACE_MM).any():
        raise SeriesError(f"{_NO_VOLUME} duplicate slices (several images at the same place)")
    across = positions - positions[0] - np.outer((positions - positions[0]) @ normal, normal)
    tilt = float(np.linalg.norm(across[-1]) / gaps.sum())
    if tilt > LARGEST_TILT:
        degrees = np.degrees(np.arctan(tilt))
        raise SeriesError(f"{_NO_VOLUME} gantry tilt (the stack leans by {degrees:.1f}° against its slices)")
    usual = float(np.median(gaps))
    off = np.abs(gaps - usual) > max(SPACING_TOLERANCE * usual, SPACING_TOLERANCE_MM)
    if off.any():
        raise SeriesError(f"{_NO_VOLUME} {_irregular_words(gaps, usual)}")
    step: Float[np.ndarray, " 3"] = (positions[-1] - positions[0]) / (len(positions) - 1)
    return step


def _irregular_words(gaps: Float[np.ndarray, " gap"], usual: float) -> str:
    smallest = float(gaps.min())
    multiples = np.rint(gaps / smallest)
    if np.abs(gaps - multiples * smallest).max() <= max(SPACING_TOLERANCE * smallest, SPACING_TOLERANCE_MM):
        missing = int((multiples - 1).sum())
        return f"{missing} missing slice(s): gaps from {smallest:.2f} to {gaps.max():.2f} mm"
    return f"varying spacing: {smallest:.2f} to {gaps.max():.2f} mm between slices, usually {usual:.2f} mm"
