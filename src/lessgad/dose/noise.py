# SPDX-License-Identifier: Apache-2.0
"""Noise of magnitude images: adding it, and what it does to mean and spread."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from lessgad.errors import SettingsError
from lessgad.preparation.noise_correlation import SD_PER_FWHM as SD_PER_FWHM
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation

_HIGH_SNR = 30.0  # beyond it the asymptote of the variance is exact to 1e-8, the formula loses digits
_TABLE_END, _TABLE_SIZE = 20.0, 4001


def add_noise(
    magnitude: Float[np.ndarray, "*shape"],
    sigma: float,
    rng: np.random.Generator,
    *,
    n_coils: int = 1,
    correlation: NoiseCorrelation = WHITE,
) -> Float[np.ndarray, "*shape"]:
    """Add the noise of an MRI scan to a noise-free magnitude image.

        M = √((A + n₁)² + n₂² + … + n₂ₖ²),  nᵢ ~ N(0, σ²),  k coils

    Rician for one coil, non-central χ for several. Where A is spread over the coils does not matter to the sum of
    squares, so all of it is put into one channel.

    Args:
        magnitude: A, without noise, 0 or above, true zero at 0; any shape and unit.
        sigma: σ of the real and of the imaginary part of each coil, in the unit of the image; 0 gives a copy.
        rng: Random generator of the noise.
        n_coils: k, coils combined as root of the sum of squares.
        correlation: Correlation of neighboring pixels of a slice. y is the axis before the last, x the *last* one (an
            x y z volume goes in as z y x). It wraps around at borders, so that σ is the same everywhere.

    Returns:
        Magnitude image of the same shape and type.

    Raises:
        SettingsError: σ is negative or not finite, there is no coil, or a correlation is given for an array of
            fewer than two axes.

    Sources: Gudbjartsson and Patz, MRM 1995, eq. 1; Constantinides et al., MRM 1997, eq. 2.
    """
    _check(magnitude.ndim, sigma, n_coils, correlation)
    if sigma == 0:
        return magnitude.copy()
    squares = (magnitude + _channel(magnitude, sigma, rng, correlation)) ** 2
    for _ in range(2 * n_coils - 1):
        squares += _channel(magnitude, sigma, rng, correlation) ** 2
    return np.sqrt(squares)


def rician_mean(magnitude: Float[np.ndarray, "*shape"], sigma: float) -> Float[np.ndarray, "*shape"]:
    """Compute the mean of a Rician magnitude.

        E[M | A] = σ √(π/2) · [(1 + x) · e^(−x/2) I₀(x/2) + x · e^(−x/2) I₁(x/2)],  x = A²/2σ²

    σ √(π/2) at A = 0, A + σ²/2A for A ≫ σ.

    Args:
        magnitude: A, without noise, 0 or above; any shape and unit.
        sigma: σ of the real and of the imaginary part, same unit, above 0.

    Returns:
        The mean, at least as large as the amplitude.

    Source: Gudbjartsson and Patz, MRM 1995; Koay and Basser, JMR 2006, eq. 7.
    """
    from scipy.special import i0e, i1e

    x = (magnitude.astype(np.float64) / sigma) ** 2 / 2
    mean = sigma * math.sqrt(math.pi / 2) * ((1 + x) * i0e(x / 2) + x * i1e(x / 2))
    return mean.astype(magnitude.dtype)


def rician_sd(magnitude: Float[np.ndarray, "*shape"], sigma: float) -> Float[np.ndarray, "*shape"]:
    """Compute the standard deviation of a Rician magnitude.

        SD[M | A]² = 2σ² + A² − E[M | A]²

    σ √(2 − π/2) at A = 0, σ · (1 − σ²/4A²) for A ≫ σ.

    Args:
        magnitude: A, without noise, 0 or above; any shape and unit.
        sigma: σ of the real and of the imaginary part, same unit, above 0.

    Returns:
        The standard deviation, at most σ.

    Source: Koay and Basser, JMR 2006, eq. 8.
    """
    snr = magnitude.astype(np.float64) / sigma
    low = np.minimum(snr, _HIGH_SNR)
    variance = 2 + low**2 - rician_mean(low, 1.0) ** 2
    squared = np.maximum(snr, _HIGH_SNR) ** -2.0
    variance = np.where(snr > _HIGH_SNR, 1 - squared / 2 - squared**2 / 2, variance)
    return (sigma * np.sqrt(variance)).astype(magnitude.dtype)


def magnitude_from_mean(mean: Float[np.ndarray, "*shape"], sigma: float) -> Float[np.ndarray, "*shape"]:
    """Remove the Rician bias: find the amplitude A whose magnitudes have the given mean.

        A² = E[M]² − σ² · b(E[M]/σ),  b from π/2 at E[M] = σ √(π/2) to 1 for E[M] ≫ σ, tabulated

    Args:
        mean: E[M | A], any shape and unit. Below σ √(π/2), which no mean can be, the answer is 0.
        sigma: σ of the real and of the imaginary part, same unit, above 0.

    Returns:
        A, 0 or above.

    Source: Koay and Basser, JMR 2006.
    """
    snr = np.linspace(0, _TABLE_END, _TABLE_SIZE)
    means = rician_mean(snr, 1.0)
    relative = mean.astype(np.float64) / sigma
    # Past the table's end b is within 0.002 of 1: A is right to 5e-5 σ.
    squared = relative**2 - np.interp(relative, means, means**2 - snr**2)
    return np.where(relative > means[0], sigma * np.sqrt(np.maximum(squared, 0)), 0).astype(mean.dtype)


def _channel(
    like: Float[np.ndarray, "*shape"], sigma: float, rng: np.random.Generator, correlation: NoiseCorrelation
) -> Float[np.ndarray, "*shape"]:
    """Gaussian noise of SD σ, of the shape and type of an image."""
    from scipy import fft

    dtype: type[np.float32 | np.float64] = np.float32 if like.dtype == np.float32 else np.float64
    noise = rng.standard_normal(like.shape, dtype=dtype)
    if not correlation.is_white:
        rows, columns = like.shape[-2:]
        amplitude = np.outer(correlation.amplitude(1, rows), correlation.amplitude(0, columns)[: columns // 2 + 1])
        noise = fft.irfft2(fft.rfft2(noise) * amplitude.astype(dtype), (rows, columns))
    noise *= dtype(sigma)
    return noise.astype(like.dtype, copy=False)


def _check(n_axes: int, sigma: float, n_coils: int, correlation: NoiseCorrelation) -> None:
    if not 0 <= sigma < math.inf:
        raise SettingsError(f"The noise level is {sigma:g}; it must be 0 or above")
    if n_coils < 1:
        raise SettingsError(f"The number of coils is {n_coils}; it must be 1 or above")
    if not correlation.is_white and n_axes < 2:
        raise SettingsError(
            f"Noise that is correlated in plane needs an image of two axes or more; this one has {n_axes}"
        )
