# SPDX-License-Identifier: Apache-2.0
"""The ratio of the bias fields of two scans of one head.

The head lies differently in the coil, or the scanner corrects each image separately. One scan is then brighter on the
left and darker on the right than the other, by a few per cent (docs/method.md). At 10 % of the dose the enhancement is
not larger: an error of 2 % becomes one of 20 % when it is scaled to the standard dose.

    log(T1 / T1ce) ≈ Σ c_abc · cos(a·u) cos(b·v) cos(c·w),   a + b + c ≤ 5

u, v, w run from 0 to π over the head. Enhancing blocks of voxels are outliers and get little weight: exp(−(r/s)²/2),
with s the median absolute deviation (Welsch's estimator), first around one factor for the whole head, then around the
smooth factor. The cosines are fitted up to the order 2 first, then up to 4 and 5: a large tumor is an outlier of the
slow cosines before there are faster ones that could follow it. Contrast makes tissue brighter, never darker: where a
block is brighter after contrast, s is 0.65 times as large. In the lowest slices more than half of the blocks enhance
(muscle, mucosa, marrow), and equal weights would take that for shading (benchmarks/bias_field_ratio_on_phantom.py).
Blocks must be large: if their noise is as large as the enhancement of a tumor, enhancement is taken for shading.

Source: differential inhomogeneity correction of serial scans (Lewis & Fox, NeuroImage 2004), with the low-order cosines
of SPM (Ashburner & Friston, NeuroImage 2005).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float, Int

ORDERS = (2, 4, 5)  # of the cosines, one fit after the other
SHORTEST_HALF_WAVE_MM = 10.0
BLOCK_MM = 5.0
DARKEST = 0.5  # of the median of the head; darker blocks are mostly air, bone and fluid
FEWEST_BLOCKS = 200
USUAL_COEFFICIENT = 0.03  # spread that is expected of c_abc
BLOCKS_PER_SAMPLE = 12  # errors of neighboring blocks are correlated
SPREAD_OF_BRIGHTER = 0.65  # of the spread of blocks that are darker after contrast
N_STEPS = 50
N_SPREADS = 2  # of the first fit, whose first spread holds the shading itself
SMALL_STEP = 1e-5
NO_SPREAD = 1e-6
N_DECIMALS = 9  # of a coefficient
MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class BiasFieldRatio:
    """A smooth factor around 1 that corrects the bias field of one scan to that of another.

    Attributes:
        coefficients: c_abc; c_000 normalizes so that the mean logarithm over the head is 0.
        first: First voxel index of the head along each axis.
        last: Last voxel index of the head along each axis.
    """

    coefficients: Float[np.ndarray, "a b c"]
    first: tuple[int, int, int]
    last: tuple[int, int, int]

    @classmethod
    def flat(cls) -> BiasFieldRatio:
        """Give the ratio 1 everywhere."""
        return cls(np.zeros((1, 1, 1)), (0, 0, 0), (1, 1, 1))

    def to_dict(self) -> dict[str, Any]:
        """Give the coefficients and the extent as plain numbers for JSON, unrounded."""
        return {"coefficients": self.coefficients.tolist(), "first": self.first, "last": self.last}

    @classmethod
    def from_dict(cls, numbers: dict[str, Any]) -> BiasFieldRatio:
        """Read what `to_dict` wrote."""
        first, last = (cast(tuple[int, int, int], tuple(numbers[end])) for end in ("first", "last"))
        return cls(np.array(numbers["coefficients"]), first, last)

    def over(self, shape: tuple[int, int, int]) -> Float[np.ndarray, "x y z"]:
        """Evaluate the factor at each voxel of a volume.

        Args:
            shape: Number of voxels along each axis.

        Returns:
            The factor, float32; beyond the head that of its border.
        """
        waves = [
            _cosines(np.arange(n, dtype=np.float64), first, last, size)
            for n, first, last, size in zip(shape, self.first, self.last, self.coefficients.shape, strict=True)
        ]
        log = np.einsum("abc,ai,bj,ck->ijk", self.coefficients, *waves, optimize=True)
        return np.exp(log).astype(np.float32)


def find_bias_field_ratio(
    pre_contrast: Float[np.ndarray, "x y z"],
    post_contrast: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    spacing_mm: tuple[float, float, float],
) -> BiasFieldRatio:
    """Find the smooth factor that corrects the bias field of a scan after contrast to that of the T1.

    Flat where fewer than 200 blocks of 5 mm are bright in both.

    Args:
        pre_contrast: T1, true zero at 0.
        post_contrast: Scan after contrast on the same grid and roughly the same scale, true zero at 0.
        head: Foreground; no mask of the tumor is needed.
        spacing_mm: Spacing of the voxels, in mm.

    Returns:
        The factor field.
    """
    from skimage.measure import block_reduce

    size = tuple(max(1, round(BLOCK_MM / mm)) for mm in spacing_mm)
    images = (pre_contrast, post_contrast, head)
    t1, t1ce, inside = (block_reduce(image.astype(np.float64), size, np.mean) for image in images)  # type: ignore[no-untyped-call]
    whole = inside == 1  # blocks that reach beyond the volume are filled up with zeros
    used = whole & _bright(t1, whole) & _bright(t1ce, whole)
    if np.count_nonzero(used) < FEWEST_BLOCKS:
        return BiasFieldRatio.flat()
    place = (np.argwhere(used) + 0.5) * size - 0.5
    extent = [np.flatnonzero(head.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    x, y, z = extent
    first, last = ((int(x[end]), int(y[end]), int(z[end])) for end in (0, -1))
    orders = _orders([mm * (b - a) for mm, a, b in zip(spacing_mm, first, last, strict=True)])
    waves = [_cosines(place[:, axis], first[axis], last[axis], ORDERS[-1] + 1) for axis in range(3)]
    columns = np.stack([waves[0][a] * waves[1][b] * waves[2][c] for a, b, c in orders], axis=1)
    found = _fitted(columns, np.sum(orders, axis=1), np.log(t1[used]) - np.log(t1ce[used]))
    coefficients = np.zeros((ORDERS[-1] + 1,) * 3)
    coefficients[tuple(np.transpose(orders))] = found
    coefficients[0, 0, 0] = -float(np.mean(columns[:, 1:] @ found[1:]))
    # Sums depend on the number of threads in their last digits; the factor field must not.
    return BiasFieldRatio(np.round(coefficients, N_DECIMALS), first, last)


def _orders(extent_mm: list[float]) -> list[tuple[int, int, int]]:
    """Numbers of half-waves along each axis, those of the lowest sum first."""
    x, y, z = (range(min(ORDERS[-1], math.floor(mm / SHORTEST_HALF_WAVE_MM)) + 1) for mm in extent_mm)
    every = itertools.product(x, y, z)
    return sorted((order for order in every if sum(order) <= ORDERS[-1]), key=sum)


def _fitted(
    columns: Float[np.ndarray, "block term"], sums: Int[np.ndarray, " term"], values: Float[np.ndarray, " block"]
) -> Float[np.ndarray, " term"]:
    """Coefficients by reweighted least squares, all but the constant drawn to 0."""
    found = np.zeros(len(sums))
    found[0] = _mode(values)
    for highest in ORDERS:
        terms = np.count_nonzero(sums <= highest)
        for _ in range(N_SPREADS if highest == ORDERS[0] else 1):
            found[:terms] = _reweighted(columns[:, :terms], values, found[:terms])
    return found


def _reweighted(
    columns: Float[np.ndarray, "block term"], values: Float[np.ndarray, " block"], found: Float[np.ndarray, " term"]
) -> Float[np.ndarray, " term"]:
    """Repeat the fit with weights by the residuals of the fit before; the spread is that of the first residuals."""
    spread = max(MAD_TO_SD * float(np.median(np.abs(values - columns @ found))), NO_SPREAD)
    penalty = np.full(columns.shape[1], BLOCKS_PER_SAMPLE * (spread / USUAL_COEFFICIENT) ** 2)
    penalty[0] = 0.0
    for _ in range(N_STEPS):
        residuals = values - columns @ found
        spreads = np.where(residuals < 0, SPREAD_OF_BRIGHTER * spread, spread)
        weighted = columns * np.exp(-0.5 * (residuals / spreads) ** 2)[:, None]
        before, found = found, np.linalg.solve(columns.T @ weighted + np.diag(penalty), weighted.T @ values)
        if np.abs(found - before).max() < SMALL_STEP:
            break
    return found


def _mode(values: Float[np.ndarray, " block"]) -> float:
    """Middle of the shortest interval that holds half of the values."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    start = int(np.argmin(ordered[half:] - ordered[: len(ordered) - half]))
    return float(ordered[start] + ordered[start + half]) / 2


def _cosines(place: Float[np.ndarray, " n"], first: int, last: int, n_orders: int) -> Float[np.ndarray, "order n"]:
    angle = np.pi * np.clip((place - first) / max(last - first, 1), 0, 1)
    return np.cos(np.arange(n_orders)[:, None] * angle)


def _bright(means: Float[np.ndarray, "x y z"], inside: Bool[np.ndarray, "x y z"]) -> Bool[np.ndarray, "x y z"]:
    positive = inside & (means > 0)
    return positive & (means > DARKEST * np.median(means[positive])) if positive.any() else positive
