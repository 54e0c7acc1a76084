# SPDX-License-Identifier: Apache-2.0
"""How noisy a scan is, by its homogeneous tissue."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.calm_voxels import calm_voxels, stencil_residual
from lessgad.dose.noise import magnitude_from_mean, rician_sd
from lessgad.errors import StudyError
from lessgad.preparation.noise_correlation import NoiseCorrelation, possible_axes

FEWEST_TISSUE = 500
MAD_PER_SIGMA = 0.6744897501960817
HOMOGENEOUS_SHARE = 0.25
STRUCTURE_PX = 1.5  # scale of derivatives, per lag of the stencil
DARKEST_TISSUE = 0.5  # relative to the median of the head
LEVEL_PX = 3.0
SEEN_PX = 13  # by the widest filter: 4 SDs of 3 px
WHITE_WITHIN = 1.1  # ratio of SDs at lag 2 and 1 that texture alone can give
LAGS_PX = (1, 2, 3)  # of stencils
WIDE_PX = 2  # lag at which σ is measured where neighbors are correlated
ALIKE = 0.002  # of two fits, in squared logarithms of noise: 3 % of each ratio
N_ITERATIONS = 8


def noise_of_tissue(
    image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]
) -> tuple[float, NoiseCorrelation]:
    """Estimate σ from second differences along x and y in the homogeneous part of the head.

        r = Dₓ Dᵧ M / 6,  D M = M(−d) − 2 M(0) + M(+d);   σ = median(|r| / √ξ) / 0.6745

    over the quarter of the bright voxels with the least first and second derivatives. ξ is the variance of a
    Rician of the local mean, over σ². The lag d is 1. Along an axis where lag 2 leaves more than 1.1 times as much,
    neighbors are correlated, as after zero-filling or a filter of k-space. The acquired share and the width of the
    filter (`NoiseCorrelation`) are then fitted to lags 1 to 3, and σ follows from lag 2.

        g(d)² = 1 − 4/3 ρ(d) + 1/3 ρ(2d),   σ² = var r / (gₓ² gᵧ²)

    Fine texture adds to σ (2 % at an SNR of 50 on the generated heads). So does the structure of zero-filled scans,
    ringing (Gibbs) above all, whose period of 4 px the stencil of lag 2 passes in full. Where neighbors are correlated,
    only those voxels count around which the neighboring slices show less of it (`calm_voxels`). Zero-filled by 2,
    without air, σ is 2, 7 and 19 % too high at an SNR of 10, 20 and 40. Any resampling afterwards makes σ too low,
    without a limit. Where noise varies over the head, as with parallel imaging, σ is that of its bright
    homogeneous part.

    Args:
        image: Magnitude, any unit.
        head: Foreground of the image.

    Returns:
        σ in the unit of the image, above 0, and the correlation of neighboring pixels.

    Raises:
        StudyError: Fewer than 500 homogeneous voxels, or no noise in them.

    Sources: Immerkær, CVIU 1996 (the stencil); Koay and Basser, JMR 2006 (ξ).
    """
    from scipy.ndimage import gaussian_filter

    image, head = _around(image, head)
    level = gaussian_filter(image, (LEVEL_PX, LEVEL_PX, 0))
    seen = _Homogeneous(image, level, _homogeneous(image, head, STRUCTURE_PX))
    fine = seen.sigma(1, 1)
    x = WIDE_PX if seen.sigma(WIDE_PX, 1) > WHITE_WITHIN * fine else 1
    y = WIDE_PX if seen.sigma(1, WIDE_PX) > WHITE_WITHIN * fine else 1
    if x == y == 1:
        return _above_zero(fine), NoiseCorrelation()
    voxels = calm_voxels(image, _homogeneous(image, head, 2 * STRUCTURE_PX), (x, y), FEWEST_TISSUE)
    seen = _Homogeneous(image, level, voxels)
    share_x, width_x, gain_x = _axis([seen.sigma(lag, y) for lag in LAGS_PX]) if x > 1 else (1.0, 0.0, 1.0)
    share_y, width_y, gain_y = _axis([seen.sigma(x, lag) for lag in LAGS_PX]) if y > 1 else (1.0, 0.0, 1.0)
    sigma = _above_zero(seen.sigma(x, y)) / (gain_x * gain_y)
    return sigma, NoiseCorrelation((share_x, share_y), (width_x, width_y))


def gray_step(levels: Float[np.ndarray, " level"], n_values: int) -> float:
    """Find the distance between the gray levels of a digitized image.

    Args:
        levels: Distinct intensities, rising.
        n_values: Number of voxels.

    Returns:
        The distance; 0 if nearly every value is a level of its own.
    """
    return float(np.median(np.diff(levels))) if 1 < levels.size < n_values / 10 else 0.0


def _around(
    image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]
) -> tuple[Float[np.ndarray, "u v w"], Bool[np.ndarray, "u v w"]]:
    """Cut to the head and all that filters see from there; slices without head are left out."""
    if not head.any():
        raise _too_little(0)
    x, y, z = (np.flatnonzero(head.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    rows, columns = (slice(max(0, int(at[0]) - SEEN_PX), int(at[-1]) + 1 + SEEN_PX) for at in (x, y))
    return image[rows, columns][:, :, z], head[rows, columns][:, :, z]


def _homogeneous(
    image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"], scale_px: float
) -> Bool[np.ndarray, "x y z"]:
    """Find the quarter of the bright inside of the head with the least structure at this scale.

    First derivatives are odd and so independent of the even residual r; second ones nearly so, being so much
    smoother: choosing by them does not choose voxels where noise is low.

    Args:
        image: The image.
        head: Foreground of the image.
        scale_px: Width of the Gaussian, in pixels.

    Returns:
        True for these voxels.
    """
    from scipy.ndimage import binary_erosion, gaussian_filter

    def derivative(x: int, y: int) -> Float[np.ndarray, "x y z"]:
        return gaussian_filter(image, (scale_px, scale_px, 0), order=(x, y, 0)) * scale_px ** (x + y - 1)

    inside = binary_erosion(head, np.ones((3, 3, 1), dtype=bool), iterations=math.ceil(2 * scale_px))
    level = gaussian_filter(image, (scale_px, scale_px, 0))
    if not inside.any():
        raise _too_little(0)
    bright = inside & (level > DARKEST_TISSUE * np.median(level[inside]))
    first = derivative(1, 0) ** 2 + derivative(0, 1) ** 2
    structure = first + derivative(2, 0) ** 2 + derivative(0, 2) ** 2 + 2 * derivative(1, 1) ** 2
    n_bright = int(np.count_nonzero(bright))
    if n_bright * HOMOGENEOUS_SHARE < FEWEST_TISSUE:
        raise _too_little(int(n_bright * HOMOGENEOUS_SHARE))
    return bright & (structure <= np.quantile(structure[bright], HOMOGENEOUS_SHARE))


@dataclass(frozen=True, eq=False)
class _Homogeneous:
    """Homogeneous voxels of an image.

    Attributes:
        image: Magnitude.
        level: Local mean of the same image.
        voxels: True in these voxels.
    """

    image: Float[np.ndarray, "x y z"]
    level: Float[np.ndarray, "x y z"]
    voxels: Bool[np.ndarray, "x y z"]

    def sigma(self, lag_x: int, lag_y: int) -> float:
        """σ by the residual of the stencil with these lags, the Rician's smaller spread at low SNR corrected."""
        residual = stencil_residual(self.image, lag_x, lag_y)[self.voxels]
        mean = self.level[self.voxels]
        step = gray_step(np.unique(self.image[self.voxels]), residual.size)
        # A residual of whole numbers has steps of 1/6, too coarse for the median of a small σ.
        dither = np.random.default_rng(0).uniform(-0.5, 0.5, residual.size)
        residual = np.abs(residual + dither * step / 6)
        sigma, before = float(np.median(residual)) / MAD_PER_SIGMA, 0.0
        for _ in range(N_ITERATIONS):
            if sigma == before:
                break
            spread = rician_sd(magnitude_from_mean(mean, sigma), sigma) / sigma
            sigma, before = float(np.median(residual / spread)) / MAD_PER_SIGMA, sigma
        return math.sqrt(max(sigma**2 - step**2 / 12, 0))


def _axis(left: list[float]) -> tuple[float, float, float]:
    """Fit the acquired share, the filter width and g(2) of an axis to the noise that stencils of lag 1, 2, 3 leave.

    Structure of the tissue adds to the noise at long lags. After zero-filling, a filter besides the share follows it,
    and σ becomes too high. So the share alone is taken if it fits nearly as well, and better than a filter alone.
    """
    pairs, rho = possible_axes()
    lags = np.array(LAGS_PX)
    # Beyond 8 px nothing is correlated that the table holds.
    twice = np.where(2 * lags < rho.shape[1], rho[:, np.minimum(2 * lags, rho.shape[1] - 1)], 0)
    gain = np.sqrt(np.maximum(1 - 4 / 3 * rho[:, lags] + twice / 3, 1e-6))
    seen = np.log(np.maximum(left, 1e-12))
    known = np.log(gain)
    errors = (((known[:, :-1] - known[:, -1:]) - (seen[:-1] - seen[-1])) ** 2).sum(axis=1)
    alone = (pairs[:, 0] == 1) | (pairs[:, 1] == 0)
    best = int(np.argmin(np.where(alone, errors, np.inf)))
    if pairs[best, 1] > 0 or errors[best] > errors.min() + ALIKE:
        best = int(np.argmin(errors))
    return float(pairs[best, 0]), float(pairs[best, 1]), float(gain[best, LAGS_PX.index(WIDE_PX)])


def _above_zero(sigma: float) -> float:
    if sigma <= 0:
        raise StudyError(
            "Noise cannot be measured: the tissue shows none, or less than the gray levels of the image can represent"
        )
    return sigma


def _too_little(n_voxels: int) -> StudyError:
    return StudyError(
        f"Noise cannot be measured: the scan has {n_voxels} voxels of homogeneous tissue, "
        f"{FEWEST_TISSUE} are needed, and too little air"
    )
