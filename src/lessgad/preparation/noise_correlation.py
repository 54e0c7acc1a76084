# SPDX-License-Identifier: Apache-2.0
"""Correlation of the noise of neighboring pixels, caused by zero-filling, filters and interpolation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from lessgad.errors import SettingsError

SD_PER_FWHM = 1 / math.sqrt(8 * math.log(2))
LEAST_ACQUIRED, WIDEST_PX = 0.3, 5.0
UNCORRELATED = 0.3  # pixels whose noise is correlated by less are denoised as if they were independent
MOST_STRIDE = 4
_N_FREQUENCIES = 256


@dataclass(frozen=True)
class NoiseCorrelation:
    """Correlation of the noise in plane, the same along both directions of an axis; slices are independent.

        ρ(d) = ∫ S(k) cos(2πkd) dk / ∫ S(k) dk,   S(k) = exp(−(2πsk)²) for |k| ≤ f/2, else 0

    S is the power spectrum of noise that was acquired over the share f of an axis of k-space, filled up with zeros,
    and filtered by a Gaussian of SD s in the image. Frequencies k are in cycles per pixel.

    Attributes:
        acquired: f along x and y; 1 is all of k-space.
        fwhm_px: Full width at half maximum of the filter along x and y, 2.355 s, in pixels; 0 without one.
    """

    acquired: tuple[float, float] = (1.0, 1.0)
    fwhm_px: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse values that no image has.

        Raises:
            SettingsError: A share is not between 0 and 1, or a width is negative or not finite.
        """
        if not (all(0 < f <= 1 for f in self.acquired) and all(0 <= w < math.inf for w in self.fwhm_px)):
            raise SettingsError(
                f"The noise correlation has the shares of k-space {self.acquired} and the widths {self.fwhm_px}; "
                "shares must be above 0 and at most 1, widths 0 or above"
            )

    @property
    def is_white(self) -> bool:
        """Whether neighbors are independent."""
        return self == WHITE

    @property
    def transposed(self) -> NoiseCorrelation:
        """The correlation of the image with its two axes exchanged."""
        return NoiseCorrelation(self.acquired[::-1], self.fwhm_px[::-1])

    @property
    def stride(self) -> tuple[int, int]:
        """Distance in pixels, along x and y, from which on noise is correlated by less than 0.3; at most 4."""
        return _stride(self.acquired[0], self.fwhm_px[0]), _stride(self.acquired[1], self.fwhm_px[1])

    def at(self, axis: int, lag_px: int) -> float:
        """Compute ρ at a distance along an axis.

        Args:
            axis: 0 for x, 1 for y.
            lag_px: Distance in pixels, 0 or above.

        Returns:
            ρ, −1 to 1.
        """
        return float(autocorrelation(self.acquired[axis], self.fwhm_px[axis], np.array([float(lag_px)]))[0])

    def amplitude(self, axis: int, n: int) -> Float[np.ndarray, " n"]:
        """Compute √S, the amplitude of the noise at each frequency of an axis.

        Args:
            axis: 0 for x, 1 for y.
            n: Pixels of the axis.

        Returns:
            √S at the frequencies of `numpy.fft.fftfreq`, 0 or above, with a root mean square of 1.
        """
        k = np.abs(np.fft.fftfreq(n))
        amplitude = np.exp(-2 * (np.pi * self.fwhm_px[axis] * SD_PER_FWHM * k) ** 2)
        if self.acquired[axis] < 1:
            border = self.acquired[axis] / 2
            amplitude *= np.sqrt((k < border) + 0.5 * (k == border))  # a frequency on the border has half of its power
        rms: Float[np.ndarray, " n"] = amplitude / math.sqrt(float(np.mean(amplitude**2)))
        return rms

    def sum_of_squares(self, axis: int, kernel: Float[np.ndarray, " k"]) -> float:
        """Compute the variance of Σ kernel·noise along an axis over that of white noise.

            Σᵢⱼ kᵢ kⱼ ρ(i − j) / Σᵢ kᵢ²

        Args:
            axis: 0 for x, 1 for y.
            kernel: Weights along the axis.

        Returns:
            The ratio.
        """
        if self.acquired[axis] == 1 and self.fwhm_px[axis] == 0:
            return 1.0
        overlap = np.correlate(kernel, kernel, "full")
        lags = np.abs(np.arange(overlap.size) - kernel.size + 1).astype(np.float64)
        rho = autocorrelation(self.acquired[axis], self.fwhm_px[axis], lags)
        return float(overlap @ rho / (kernel @ kernel))


WHITE = NoiseCorrelation()


def gaussian_correlation(fwhm_px: float) -> NoiseCorrelation:
    """Give the correlation of white noise that was smoothed by a Gaussian of this width, in pixels."""
    return NoiseCorrelation(fwhm_px=(fwhm_px, fwhm_px))


def correlation_from(stored: Mapping[str, Any] | None) -> NoiseCorrelation:
    """Read a correlation as `dataclasses.asdict` writes it; white if nothing is stored, as in older files."""
    if not stored:
        return WHITE
    (fx, fy), (wx, wy) = stored["acquired"], stored["fwhm_px"]
    return NoiseCorrelation((float(fx), float(fy)), (float(wx), float(wy)))


def autocorrelation(acquired: float, fwhm_px: float, lags_px: Float[np.ndarray, " lag"]) -> Float[np.ndarray, " lag"]:
    """Compute ρ(d) of one axis (`NoiseCorrelation`).

    Args:
        acquired: Acquired share f, above 0 and at most 1.
        fwhm_px: Width of the filter, 0 or above.
        lags_px: Distances d, in pixels.

    Returns:
        ρ at each distance.
    """
    k = (np.arange(_N_FREQUENCIES) + 0.5) / _N_FREQUENCIES * acquired / 2
    power = np.exp(-((2 * np.pi * fwhm_px * SD_PER_FWHM * k) ** 2))
    rho: Float[np.ndarray, " lag"] = np.cos(2 * np.pi * np.outer(lags_px, k)) @ power / power.sum()
    return rho


@lru_cache(maxsize=1)
def possible_axes() -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 9"]]:
    """Give the acquired shares and filter widths that are distinguished, and ρ at 0–8 pixels for each."""
    shares = np.linspace(1, LEAST_ACQUIRED, 71)
    widths = np.arange(0, WIDEST_PX + 0.05, 0.1)
    pairs = np.array([(share, width) for share in shares for width in widths])
    lags = np.arange(9.0)
    return pairs, np.stack([autocorrelation(share, width, lags) for share, width in pairs])


def _stride(acquired: float, fwhm_px: float) -> int:
    rho = np.abs(autocorrelation(acquired, fwhm_px, np.arange(1.0, MOST_STRIDE)))
    return 1 + int(np.count_nonzero(np.cumsum(rho < UNCORRELATED) == 0))
