# SPDX-License-Identifier: Apache-2.0
"""How like the standard-dose image another image is, over a region: PSNR and SSIM.

All images are normalized to [−1, 1] by the one map of their study and lie in transverse order, so
that ``image[:, :, k]`` is a transverse slice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import VolumeError

Area = Literal["tumor_box", "tumor", "head"]
Image = Float[np.ndarray, "x y z"]
Region = Bool[np.ndarray, "x y z"]

PSNR_RANGE = 2.0  # L on [−1, 1]
SSIM_SIGMA_VOXELS = 1.5
SSIM_RADIUS_VOXELS = 5  # half of the 11×11 window: the Gaussian is cut at 3.5 σ


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


def similarity(image: Image, reference: Image, areas: Mapping[Area, Region]) -> list[Similarity]:
    """Measure PSNR and SSIM over several areas at once, in the order given; the SSIM map is computed once.

    Args:
        image: The image to judge, in [−1, 1].
        reference: The standard-dose image, same grid and scale.
        areas: The voxels of each area.

    Raises:
        VolumeError: An area has no voxels.
    """
    all_ssim = _mean_ssim(image, reference, list(areas.values()))
    return [
        Similarity(area, psnr_db(image, reference, region), ssim)
        for (area, region), ssim in zip(areas.items(), all_ssim, strict=True)
    ]


def psnr_db(image: Image, reference: Image, region: Region) -> float:
    """Peak signal-to-noise ratio over the voxels of a region, in dB.

        PSNR = 10 · log10(L² / mean (image − reference)²),  L = 2

    Infinite where the two are identical. Of the linear mix, PSNR(β) = PSNR(0) − 20 · log10(1 − β).

    Raises:
        VolumeError: The region has no voxels.
    """
    _check_not_empty(region)
    difference = image[region].astype(np.float64) - reference[region]
    mean_square = float(np.mean(difference**2))
    return 10 * float(np.log10(PSNR_RANGE**2 / mean_square)) if mean_square != 0 else float("inf")


def ssim(image: Image, reference: Image, region: Region) -> float:
    """Structural similarity, averaged over the voxels of a region.

    Computed on (x + 1)/2 with L = 1, slice by transverse slice, in an 11×11 Gaussian window of
    σ = 1.5 voxels, with population covariance and K = 0.01, 0.03. The window sees the image *around*
    the region, so that a region may be smaller than the window; images are mirrored at their edges.

    Raises:
        VolumeError: The region has no voxels.

    Source: Wang et al., IEEE TIP 2004.
    """
    return _mean_ssim(image, reference, [region])[0]


def bounding_box(mask: Region) -> Region:
    """Fill the smallest box, along the array axes, that holds every voxel of `mask`.

    Raises:
        VolumeError: The mask has no voxels.
    """
    _check_not_empty(mask)
    box = np.zeros_like(mask)
    axes = range(mask.ndim)
    box[tuple(_extent(np.any(mask, axis=tuple(o for o in axes if o != axis))) for axis in axes)] = True
    return box


def _mean_ssim(image: Image, reference: Image, regions: Sequence[Region]) -> list[float]:
    if not regions:
        return []
    for region in regions:
        _check_not_empty(region)
    anywhere = np.logical_or.reduce(regions)
    sums = np.zeros(len(regions))
    for k in np.flatnonzero(anywhere.any(axis=(0, 1))):
        x, y = _extent(anywhere[:, :, k].any(axis=1)), _extent(anywhere[:, :, k].any(axis=0))
        local = _ssim_map(_around(image[:, :, k], x, y), _around(reference[:, :, k], x, y))
        sums += [local[region[x, y, k]].sum() for region in regions]
    return [float(total / region.sum()) for total, region in zip(sums, regions, strict=True)]


def _ssim_map(image: Float[np.ndarray, "x y"], reference: Float[np.ndarray, "x y"]) -> Float[np.ndarray, "u v"]:
    """SSIM of every voxel that is a window's radius or more from the edge."""
    from skimage.metrics import structural_similarity

    measure: Callable[..., tuple[float, Float[np.ndarray, "x y"]]] = structural_similarity
    _, full = measure(
        (image + 1) / 2,
        (reference + 1) / 2,
        data_range=1.0,
        gaussian_weights=True,
        sigma=SSIM_SIGMA_VOXELS,
        use_sample_covariance=False,
        K1=0.01,
        K2=0.03,
        full=True,
    )
    inside = slice(SSIM_RADIUS_VOXELS, -SSIM_RADIUS_VOXELS)
    return full[inside, inside]


def _around(plane: Float[np.ndarray, "x y"], x: slice, y: slice) -> Float[np.ndarray, "u v"]:
    """Cut a box and a window's radius around it, mirrored (d c b a | a b c d) where the image ends."""
    radius = SSIM_RADIUS_VOXELS
    cut, missing = [], []
    for extent, size in zip((x, y), plane.shape, strict=True):
        start, stop = extent.start - radius, extent.stop + radius
        cut.append(slice(max(start, 0), min(stop, size)))
        missing.append((max(-start, 0), max(stop - size, 0)))
    return np.pad(plane[tuple(cut)].astype(np.float64), missing, mode="symmetric")


def _extent(occupied: Bool[np.ndarray, " n"]) -> slice:
    where = np.flatnonzero(occupied)
    return slice(int(where[0]), int(where[-1]) + 1)


def _check_not_empty(region: Region) -> None:
    if not region.any():
        raise VolumeError("a region with voxels in it", "an empty one")
