# SPDX-License-Identifier: Apache-2.0
"""Where the head is: its mask, and the in-plane box that images are cropped to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import StudyError

CLOSING_MM = 2.0
MOST_STEPS = 100  # of Li's iteration; ordinary images take about ten
_N_FOR_THRESHOLD = 500_000


@dataclass(frozen=True)
class HeadBox:
    """The part of each transverse slice that holds the head: voxels start ≤ index < stop along x and y."""

    x_start: int
    x_stop: int
    y_start: int
    y_stop: int

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of an (x, y, z) array that crops it to the box, every slice kept."""
        return slice(self.x_start, self.x_stop), slice(self.y_start, self.y_stop), slice(None)


def head_mask(image: Float[np.ndarray, "x y z"], spacing_mm: tuple[float, float, float]) -> Bool[np.ndarray, "x y z"]:
    """Find the foreground of a T1: the head in air, or the brain in zeros.

    Li's minimum cross-entropy threshold on intensities clipped at their 99th percentile, holes filled in
    each transverse slice, the largest component (voxels that share a face), closed by 2 mm in plane. Otsu's
    threshold is too high for this: it splits the tissues where fat or enhancement is bright.

    Args:
        image: T1 or T1ce in transverse order, any intensity unit.
        spacing_mm: Distance between voxels along x, y, z, in mm.

    Returns:
        Mask of at least one voxel.

    Raises:
        StudyError: There is no foreground: every voxel has the same value.

    Source: Li and Lee, Pattern Recognition 1993 (scikit-image's threshold_li).
    """
    step = max(1, round((image.size / _N_FOR_THRESHOLD) ** (1 / 3)))
    sample = image[::step, ::step, ::step]
    clipped = np.minimum(sample, np.percentile(sample, 99))
    if clipped.min() == clipped.max():
        clipped = image
    if clipped.min() == clipped.max():
        raise StudyError(f"The image shows no head: every voxel is {clipped.flat[0]:g}")
    foreground = _largest_component(_holes_filled(image > _threshold(clipped)))
    return _holes_filled(_closed(foreground, spacing_mm))


def _threshold(image: Float[np.ndarray, "x y z"]) -> float:
    """Compute Li's threshold in double precision, after at most `MOST_STEPS` steps.

    In single precision, or where the smallest difference of two intensities is below the rounding error of their mean,
    the iteration steps to and fro between two neighboring numbers for ever.

    Args:
        image: The image.

    Returns:
        The threshold, in the unit of the image.
    """
    from skimage.filters import threshold_li

    steps: list[float] = []

    def watch(threshold: float) -> None:
        steps.append(float(threshold))
        if len(steps) > MOST_STEPS:
            raise _EnoughError

    try:
        return float(threshold_li(image.astype(np.float64), iter_callback=watch))  # type: ignore[no-untyped-call]
    except _EnoughError:
        return steps[-1]


class _EnoughError(Exception):
    """The iteration goes nowhere any more."""


def head_box(mask: Bool[np.ndarray, "x y z"]) -> HeadBox:
    """Find the smallest in-plane box that holds the mask in every slice.

    Args:
        mask: A mask.

    Returns:
        The box.

    Raises:
        StudyError: The mask is empty.
    """
    x = np.flatnonzero(mask.any(axis=(1, 2)))
    y = np.flatnonzero(mask.any(axis=(0, 2)))
    if x.size == 0:
        raise StudyError("The head mask is empty")
    return HeadBox(int(x[0]), int(x[-1]) + 1, int(y[0]), int(y[-1]) + 1)


def _largest_component(mask: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    from scipy import ndimage

    labels, n_components = ndimage.label(mask)
    if n_components <= 1:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax()


def _closed(mask: Bool[np.ndarray, "x y z"], spacing_mm: tuple[float, float, float]) -> Bool[np.ndarray, "x y z"]:
    from scipy import ndimage

    n_voxels = round(CLOSING_MM / min(spacing_mm[:2]))
    if n_voxels == 0:
        return mask
    cross = ndimage.generate_binary_structure(2, 1)[:, :, None]
    grown = ndimage.binary_dilation(mask, cross, iterations=n_voxels)
    # What lies beyond the border counts as head, so that a head cut off by the field of view stays cut there.
    return ndimage.binary_erosion(grown, cross, iterations=n_voxels, border_value=1)


def _holes_filled(mask: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    """Fill the holes of each slice: air that is not connected to the border of the slice within it."""
    from scipy import ndimage

    if not mask.any():
        return mask
    box = head_box(mask).slices
    within_slices = ndimage.generate_binary_structure(2, 1)[:, :, None] & np.array([False, True, False])
    labels, n_components = ndimage.label(~mask[box], within_slices)
    is_hole = np.ones(n_components + 1, dtype=bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_hole[edge] = False
    is_hole[0] = True  # the mask itself
    filled = mask.copy()
    filled[box] = is_hole[labels]
    return filled
