# SPDX-License-Identifier: Apache-2.0
"""Averages over Gaussians in three dimensions, of some slices of a stack, without what a skull strip took away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

WIDTHS_MM = (0.0, 0.6, 1.0, 1.6, 2.5)  # SD of each average of a kernel field; 0 leaves the image as it is
N_AVERAGES = len(WIDTHS_MM)
TRUNCATE = 2.5  # in SDs
ALL_SCANNED = 0.995  # share of voxels
LEAST_WEIGHT = 1e-3
RIM = 5  # voxels in plane; narrower than that only one scan's zeros are a rim


def scanned(
    pre_contrast: Float[np.ndarray, "z y x"], difference: Float[np.ndarray, "z y x"]
) -> Bool[np.ndarray, "z y x"] | None:
    """Find voxels that both scans cover: neither is exactly zero, as a skull strip or the end of a slab leaves it.

    A rim of up to four voxels where only one of them is zero counts as covered: interpolation leaves such rims, and
    what is measured there is real.

    Args:
        pre_contrast: T1, true zero at 0.
        difference: Low dose − T1.

    Returns:
        None if nearly all were.
    """
    of_t1, of_low = pre_contrast != 0, difference != -pre_contrast
    inside, one_alone = of_t1 | of_low, of_t1 ^ of_low
    if one_alone.any():
        inside &= ~_opened_in_plane(one_alone)
    return None if inside.mean() > ALL_SCANNED else inside


def _opened_in_plane(mask: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Keep what squares of `RIM` pixels within the mask cover: a binary opening, along one axis at a time."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    opened = mask.view(np.uint8)
    for extreme in (minimum_filter1d, maximum_filter1d):
        for axis in (1, 2):
            opened = extreme(opened, RIM, axis=axis, mode="constant")
    return opened.view(np.bool_)


def gaussian_averages(
    image: Float[np.ndarray, "z y x"],
    spacing_mm: tuple[float, float, float],
    numbers: Sequence[int],
    widths_mm: Sequence[float] = WIDTHS_MM,
    inside: Bool[np.ndarray, "z y x"] | None = None,
) -> Float[np.ndarray, "k n y x"]:
    """Average slices with 3D Gaussians; weights beyond the first and last slice are given to those inside.

    Args:
        image: All slices.
        spacing_mm: Spacing of slices, rows and columns, in mm.
        numbers: Slice numbers, from 0.
        widths_mm: SD of each Gaussian; 0 for the image itself.
        inside: Voxels that count, where the average is that of these alone and 0 elsewhere; None for all.

    Returns:
        One average per width, (k, n, y, x).
    """
    if inside is None:
        return _averages(image, spacing_mm, numbers, widths_mm)
    weights = inside.astype(np.float32)
    sums = _averages(image * weights, spacing_mm, numbers, widths_mm)
    totals = _averages(weights, spacing_mm, numbers, widths_mm)
    return np.where(inside[list(numbers)], sums / np.maximum(totals, LEAST_WEIGHT), np.float32(0))


def _averages(
    image: Float[np.ndarray, "z y x"],
    spacing_mm: tuple[float, float, float],
    numbers: Sequence[int],
    widths_mm: Sequence[float],
) -> Float[np.ndarray, "k n y x"]:
    from scipy.ndimage import gaussian_filter1d

    n_slices = len(image)
    away_mm = (np.arange(n_slices)[None, :] - np.asarray(numbers)[:, None]) * spacing_mm[0]
    averages = np.empty((len(widths_mm), len(numbers), *image.shape[1:]), np.float32)
    for index, width in enumerate(widths_mm):
        if width == 0:
            averages[index] = image[list(numbers)]
            continue
        weights = np.exp(-0.5 * (away_mm / width) ** 2) * (np.abs(away_mm) <= TRUNCATE * width)
        weights /= weights.sum(axis=1, keepdims=True)
        smooth = _weighted_slices(image, weights.astype(np.float32))
        for axis in (1, 2):
            smooth = gaussian_filter1d(smooth, width / spacing_mm[axis], axis=axis, mode="nearest", truncate=TRUNCATE)
        averages[index] = smooth
    return averages


def _weighted_slices(
    image: Float[np.ndarray, "z y x"], weights: Float[np.ndarray, "n z"]
) -> Float[np.ndarray, "n y x"]:
    flat = image.reshape(len(image), -1)
    rows = []
    for row in weights:
        (some,) = np.nonzero(row)
        rows.append(row[some] @ flat[some[0] : some[-1] + 1])
    return np.stack(rows).reshape(len(weights), *image.shape[1:])
