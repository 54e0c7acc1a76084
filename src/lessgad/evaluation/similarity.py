# SPDX-License-Identifier: Apache-2.0
"""How like the standard-dose image another image is, over a region: PSNR and SSIM.

All images are normalized to [−1, 1] by the one map of their study and lie in transverse order, so
that ``image[:, :, k]`` is a transverse slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import VolumeError
from lessgad.evaluation.ssim_window import box_and_window, window_means

Area = Literal["tumor_box", "tumor", "head"]
Image = Float[np.ndarray, "x y z"]
Region = Bool[np.ndarray, "x y z"]

PSNR_RANGE = 2.0  # L on [−1, 1]
_C1, _C2 = 0.01**2, 0.03**2
_CENTER = 0.25  # near tissue on [0, 1]: variances of what lies around 0 keep 1e-7 of it in single precision


@dataclass(frozen=True)
class Similarity:
    """The likeness of two images over one area.

    Attributes:
        area: ``tumor_box`` (the tumor's bounding box), ``tumor`` or ``head``.
        psnr_db: PSNR in dB, infinite where the images are identical.
        ssim: Mean SSIM, at most 1.
    """

    area: Area
    psnr_db: float
    ssim: float


class SimilarityTo:
    """Measures how like one reference many images are; what depends only on the reference is found once.

    Args:
        reference: The standard-dose image.
        areas: The voxels of each area.

    Raises:
        VolumeError: An area has no voxels.
    """

    def __init__(self, reference: Image, areas: Mapping[Area, Region]) -> None:
        self._areas = areas
        self._slices = _slices_of(reference, list(areas.values()))
        self._inside = {area: (np.flatnonzero(region), reference[region]) for area, region in areas.items()}

    def of(self, image: Image) -> list[Similarity]:
        """Measure PSNR and SSIM of an image over every area, in the order given."""
        sums = np.zeros(len(self._areas))
        for one in self._slices:
            local = one.ssim(image)
            sums += [local[region].sum(dtype=np.float64) for region in one.regions]
        flat = np.ascontiguousarray(image).reshape(-1)
        return [
            Similarity(area, _psnr_db(flat[voxels], values), float(total / len(voxels)))
            for (area, (voxels, values)), total in zip(self._inside.items(), sums, strict=True)
        ]


def similarity(image: Image, reference: Image, areas: Mapping[Area, Region]) -> list[Similarity]:
    """Measure PSNR and SSIM over several areas at once, in the order given.

    Args:
        image: The image to judge, in [−1, 1].
        reference: The standard-dose image, same grid and scale.
        areas: The voxels of each area.

    Returns:
        PSNR and SSIM of each area, in the order given.

    Raises:
        VolumeError: An area has no voxels.
    """
    return SimilarityTo(reference, areas).of(image)


def psnr_db(image: Image, reference: Image, region: Region) -> float:
    """Compute the peak signal-to-noise ratio over the voxels of a region.

        PSNR = 10 · log10(L² / mean (image − reference)²),  L = 2

    Infinite where the two are identical. Of the linear mix, PSNR(β) = PSNR(0) − 20 · log10(1 − β).

    Args:
        image: The image to judge, on [−1, 1].
        reference: The standard-dose image, on [−1, 1].
        region: The region to measure in.

    Returns:
        PSNR in dB; infinite for equal images.

    Raises:
        VolumeError: The region has no voxels.
    """
    _check_not_empty(region)
    return _psnr_db(image[region], reference[region])


def _psnr_db(values: Float[np.ndarray, " voxel"], reference: Float[np.ndarray, " voxel"]) -> float:
    difference = values.astype(np.float64) - reference
    mean_square = float(np.mean(difference**2))
    return 10 * float(np.log10(PSNR_RANGE**2 / mean_square)) if mean_square != 0 else float("inf")


def ssim(image: Image, reference: Image, region: Region) -> float:
    """Compute the structural similarity, averaged over the voxels of a region.

    Computed on (x + 1)/2 with L = 1, slice by transverse slice, in an 11×11 Gaussian window of
    σ = 1.5 voxels, with population covariance and K = 0.01, 0.03. The window sees the image *around*
    the region, so that a region may be smaller than the window; images are mirrored at their edges.

    Args:
        image: The image to judge, on [−1, 1].
        reference: The standard-dose image, on [−1, 1].
        region: The region to measure in.

    Returns:
        SSIM, at most 1.

    Raises:
        VolumeError: The region has no voxels.

    Source: Wang et al., IEEE TIP 2004.
    """
    _check_not_empty(region)
    total = sum(float(one.ssim(image)[one.regions[0]].sum(dtype=np.float64)) for one in _slices_of(reference, [region]))
    return total / np.count_nonzero(region)


def bounding_box(mask: Region) -> Region:
    """Fill the smallest box, along the array axes, that holds every voxel of `mask`.

    Args:
        mask: A mask.

    Returns:
        True inside the box.

    Raises:
        VolumeError: The mask has no voxels.
    """
    _check_not_empty(mask)
    box = np.zeros_like(mask)
    axes = range(mask.ndim)
    box[tuple(_extent(np.any(mask, axis=tuple(o for o in axes if o != axis))) for axis in axes)] = True
    return box


@dataclass(frozen=True, eq=False)
class _Slice:
    """The part of one slice of the reference that holds its regions.

    Attributes:
        k: Number of the slice.
        x: Columns.
        y: Rows.
        reference: Reference, centered (`_centered`), with a window's radius around it.
        mean: Averaged over the window, centered.
        variance: Variance of the reference over the window.
        regions: Voxels of each region in it.
    """

    k: int
    x: slice
    y: slice
    reference: Float[np.ndarray, "x y"]
    mean: Float[np.ndarray, "u v"]
    variance: Float[np.ndarray, "u v"]
    regions: list[Bool[np.ndarray, "u v"]]

    def ssim(self, image: Image) -> Float[np.ndarray, "u v"]:
        """SSIM of every voxel with an image of the study."""
        here = _centered(box_and_window(image[:, :, self.k], self.x, self.y))
        mean, squared, product = window_means(np.stack((here, here * here, here * self.reference)))
        variance, covariance = squared - mean * mean, product - mean * self.mean
        mean += _CENTER
        reference = self.mean + _CENTER
        alike = (2 * mean * reference + _C1) * (2 * covariance + _C2)
        return alike / ((mean * mean + reference * reference + _C1) * (variance + self.variance + _C2))


def _slices_of(reference: Image, regions: Sequence[Region]) -> list[_Slice]:
    if not regions:
        return []
    for region in regions:
        _check_not_empty(region)
    anywhere = np.logical_or.reduce(regions)
    found = []
    for k in np.flatnonzero(anywhere.any(axis=(0, 1))):
        x, y = _extent(anywhere[:, :, k].any(axis=1)), _extent(anywhere[:, :, k].any(axis=0))
        here = _centered(box_and_window(reference[:, :, k], x, y))
        mean, squared = window_means(np.stack((here, here * here)))
        inside = [np.ascontiguousarray(region[x, y, k]) for region in regions]
        found.append(_Slice(int(k), x, y, here, mean, squared - mean**2, inside))
    return found


def _centered(image: Float[np.ndarray, "u v"]) -> Float[np.ndarray, "u v"]:
    """Take an image on [−1, 1] to [0, 1] and lower it by `_CENTER`."""
    return (image + (1 - 2 * _CENTER)) / 2


def _extent(occupied: Bool[np.ndarray, " n"]) -> slice:
    where = np.flatnonzero(occupied)
    return slice(int(where[0]), int(where[-1]) + 1)


def _check_not_empty(region: Region) -> None:
    if not region.any():
        raise VolumeError("The region has no voxels")
