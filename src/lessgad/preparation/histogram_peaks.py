# SPDX-License-Identifier: Apache-2.0
"""The two landmarks of an image's histogram: its background, and the tissue that most of the head is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.errors import CalibrationError

N_BINS = 512
SMOOTHING_BINS = 2.0
RANGE_PERCENTILES = (0.05, 99.95)
BACKGROUND_SHARE = 0.1  # the darkest maximum that rises this much, relative to the highest, is the background

# Gray and white matter give one or two maxima, and which of them is the higher one differs between T1 and
# T1ce of one study. A kernel this wide, relative to intensity, makes one maximum of them in all real pairs tried
# (benchmarks/calibration_on_pairs.py): half of it makes scales between T1 and T1ce scatter nearly twice as much.
LOG_SMOOTHING = 0.13
LOG_BIN = 0.002
DARKEST_TISSUE = 0.2  # relative to the mean intensity of the signal; darker maxima are noise or fluid
STANDS_OUT_BY = 1.25
BESIDE = (0.5, 1.6)  # the peak must stand out over the density at these multiples of its intensity


@dataclass(frozen=True)
class HistogramPeaks:
    """Two intensities that every head has, in the units of the image.

    Attributes:
        background: Air; exactly zero where the image is skull-stripped, the mode of the noise where not.
        second: The dominant tissue (gray and white matter, smoothed into one).
    """

    background: float
    second: float


def histogram(image: Float[np.ndarray, "x y z"]) -> tuple[Float[np.ndarray, " bins"], Float[np.ndarray, " bins"]]:
    """Count voxels by intensity, lightly smoothed, over all but the 0.05 % darkest and brightest.

    Args:
        image: Intensities in any unit.

    Returns:
        Centers of 512 equal bins in the units of the image, and voxels per bin (Gaussian, σ = 2 bins).

    Raises:
        CalibrationError: The image is empty, constant, or not finite.
    """
    from scipy.ndimage import gaussian_filter1d

    if image.size == 0:
        raise _no_peak("the image has no voxels")
    lowest, highest = (float(value) for value in np.percentile(image, RANGE_PERCENTILES))
    if not np.isfinite([lowest, highest, float(image.sum(dtype=np.float64))]).all():
        raise _no_peak("some values are not finite")
    if lowest == highest:
        raise _no_peak(f"nearly every voxel is {lowest:g}")
    counts, edges = np.histogram(image, N_BINS, (lowest, highest))
    return (edges[1:] + edges[:-1]) / 2, gaussian_filter1d(counts.astype(float), SMOOTHING_BINS)


def find_peaks(image: Float[np.ndarray, "x y z"]) -> HistogramPeaks:
    """Find the background and the second peak of an image's histogram.

    The background is the darkest maximum that matters. The second peak is the highest maximum of the
    density over log(intensity − background), smoothed with a Gaussian of σ = 0.13 (13 % of the
    intensity), among those where the density over plain intensity exceeds 1.25 times that at half and
    at 1.6 times the peak. Hence ``find_peaks(a · image + b) = a · find_peaks(image) + b`` for a > 0,
    within 0.5 %.

    Args:
        image: A head, skull-stripped or not, in any unit; shape (x, y, z).

    Returns:
        Background and second peak, in the unit of the image.

    Raises:
        CalibrationError: The image is empty, constant or not finite, or no second peak stands out.

    Source: Chen et al., European Radiology 2025, "Calibration" (that there are two peaks; how to find
    them is left open).
    """
    background = _background(image)
    return HistogramPeaks(background, background + _tissue(image, background))


def _background(image: Float[np.ndarray, "x y z"]) -> float:
    from scipy.signal import find_peaks as local_maxima
    from scipy.signal import peak_widths

    centers, counts = histogram(image)
    padded = np.pad(counts, 1)
    maxima, _ = local_maxima(padded, prominence=BACKGROUND_SHARE * counts.max())
    darkest = maxima[:1]
    width = float(peak_widths(padded, darkest)[0][0]) * float(centers[1] - centers[0])
    near = np.abs(image - centers[darkest[0] - 1]) <= width / 2
    return float(np.median(image[near]))


def _tissue(image: Float[np.ndarray, "x y z"], background: float) -> float:
    """Second peak relative to the background."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks as local_maxima

    brightest = float(np.percentile(image, RANGE_PERCENTILES[1]))
    signal = image[(image > background) & (image <= brightest)].astype(np.float64) - background
    if signal.size == 0:
        raise _no_peak("it shows the background alone")
    mean = float(np.square(signal).sum() / signal.sum())  # weighted by itself, which silences noise
    edges = np.arange(np.log(DARKEST_TISSUE / 10), np.log((brightest - background) / mean) + 1, LOG_BIN)
    counts, _ = np.histogram(np.log(signal / mean), edges)
    density = gaussian_filter1d(counts.astype(float), LOG_SMOOTHING / LOG_BIN, mode="constant")
    intensities = np.exp((edges[1:] + edges[:-1]) / 2)
    plain_density = density / intensities
    maxima, _ = local_maxima(density)
    for i in sorted(maxima, key=lambda k: -density[k]):
        beside = np.interp(np.multiply(intensities[i], BESIDE), intensities, plain_density)
        if intensities[i] > DARKEST_TISSUE and plain_density[i] > STANDS_OUT_BY * beside.max():
            return mean * float(intensities[i])
    raise _no_peak("it falls off without one")


def _no_peak(came: str) -> CalibrationError:
    return CalibrationError(
        f"The histogram has no second peak beside the background: {came}",
        remedy="Check that the image shows a whole head without gross artifacts",
    )
