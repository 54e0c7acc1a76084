# SPDX-License-Identifier: Apache-2.0
"""What a low dose says of the enhancement: averages of its difference to the T1, scaled to the standard dose.

    c_k = g · G_k[low − T1],  k = 0 … K,  g = 1/β for a linear mix

G_k is a Gaussian average in three dimensions of a fixed width in mm; G_0 leaves the image as it is. Where the signal
equation of the sequence is known, g is the inverse of its dose curve at the enhancement that the image shows.
The noise of each average is measured in the image itself, as the spread of the detail between one average and the next:
correlated noise, filters and interpolation are in it, whatever caused them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.dose_curve import DoseCurve

WIDTHS_MM = (0.0, 0.6, 1.0, 1.6, 2.5)  # SD of each average; 0 leaves the image as it is
N_AVERAGES = len(WIDTHS_MM)
LEVEL_OF_GAIN = 3  # the average that the gain of a dose curve is read at
TRUNCATE = 2.5  # in SDs
LEAST_DOSE = 0.02  # below it nothing measured is shown
MISALIGNMENT_MM = 0.07  # told of scans; from 0 to 0.2 the best on true low doses of the phantom
LEAST_SIGNAL = 0.2  # on [0, 2]: ratios of lower signals are those of noise
LEAST_NOISE = 1e-4
ALL_SCANNED = 0.995  # share of voxels
LEAST_WEIGHT = 1e-3
_MAD = 0.6744897501960817  # of a standard normal
BACKGROUND = -1.0


@dataclass(frozen=True)
class ScanFacts:
    """What is known of a pair of scans besides the images.

    Attributes:
        spacing_mm: From slice to slice, row to row, column to column.
        sigma_pre_contrast: SD of the noise of the T1, on the scale of [−1, 1]; 0 if it is unknown.
        curve: How enhancement follows the dose; None for the linear mix.
        saturation: Instead of a curve, s in E_β = βE/(1 − s(1 − β)E), E relative to the T1; training draws it.
        misalignment_mm: How far low dose and T1 may be from each other; 0 for a low dose that was mixed from the pair:
            all that differs in it then differs in the standard dose too.
        noise: Spread of the detail of the difference between averages k and k + 1, for each k; None measures it in the
            image.
    """

    spacing_mm: tuple[float, float, float]
    sigma_pre_contrast: float = 0.0
    curve: DoseCurve | None = None
    saturation: float = 0.0
    misalignment_mm: float = MISALIGNMENT_MM
    noise: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class MeasuredEnhancement:
    """The evidence of one low dose, slices first.

    Attributes:
        pre_contrast: T1 of all slices, true zero at 0.
        difference: low − T1 of all slices.
        averages: c_k of the chosen slices, (K + 1, n, y, x), on the scale of the images.
        gain: g of the chosen slices.
        noise: SD of G_k[low − T1] for each k.
        detail: Spread of the detail between averages k and k + 1, for each k < K.
        misalignment: What that does to the chosen slices of the T1: its slope times the distance.
        numbers: Of the chosen slices.
        dose: β.
        facts: Of the scans.
    """

    pre_contrast: Float[np.ndarray, "z y x"]
    difference: Float[np.ndarray, "z y x"]
    averages: Float[np.ndarray, "k n y x"]
    gain: Float[np.ndarray, "n y x"]
    noise: tuple[float, ...]
    detail: tuple[float, ...]
    misalignment: Float[np.ndarray, "n y x"]
    numbers: tuple[int, ...]
    dose: float
    facts: ScanFacts

    def of(self, part: slice) -> MeasuredEnhancement:
        """Give the evidence of some of the chosen slices."""
        return replace(
            self,
            averages=self.averages[:, part],
            gain=self.gain[part],
            misalignment=self.misalignment[part],
            numbers=self.numbers[part],
        )


def measured_enhancement(
    pre_contrast: Float[np.ndarray, "z y x"],
    low_dose: Float[np.ndarray, "z y x"],
    dose: float,
    facts: ScanFacts,
    numbers: Sequence[int] | None = None,
) -> MeasuredEnhancement:
    """Average the difference of low dose and T1, and scale it to the standard dose.

    Args:
        pre_contrast: T1 on [−1, 1].
        low_dose: The low dose, on the same grid and scale.
        dose: β, fraction of the standard dose.
        facts: Spacing, noise, dose curve.
        numbers: Which slices are wanted; None for all.
    """
    chosen = tuple(range(len(pre_contrast)) if numbers is None else (int(k) for k in numbers))
    t1 = np.asarray(pre_contrast, np.float32) - np.float32(BACKGROUND)
    difference = np.asarray(low_dose, np.float32) - np.float32(BACKGROUND) - t1
    inside = scanned(t1, difference)
    smooth = gaussian_averages(difference, facts.spacing_mm, chosen, inside=inside)
    level = gaussian_averages(t1, facts.spacing_mm, chosen, (1.0,))[0]
    detail = facts.noise or detail_noise(smooth, level > LEAST_SIGNAL)
    gain = full_dose_gain(smooth[LEVEL_OF_GAIN], level, dose, facts)
    return MeasuredEnhancement(
        pre_contrast=t1,
        difference=difference,
        averages=gain * smooth,
        gain=gain,
        noise=noise_of_averages(detail),
        detail=detail,
        misalignment=facts.misalignment_mm * _slope_per_mm(t1, facts.spacing_mm, chosen),
        numbers=chosen,
        dose=dose,
        facts=facts,
    )


def scanned(
    pre_contrast: Float[np.ndarray, "z y x"], difference: Float[np.ndarray, "z y x"]
) -> Bool[np.ndarray, "z y x"] | None:
    """Find voxels that were scanned: not exactly zero in both images, as a skull strip leaves them.

    Returns:
        None if nearly all were.
    """
    inside = (pre_contrast != 0) | (difference != 0)
    return None if inside.mean() > ALL_SCANNED else inside


def gaussian_averages(
    image: Float[np.ndarray, "z y x"],
    spacing_mm: tuple[float, float, float],
    numbers: Sequence[int],
    widths_mm: Sequence[float] = WIDTHS_MM,
    inside: Bool[np.ndarray, "z y x"] | None = None,
) -> Float[np.ndarray, "k n y x"]:
    """Average slices with Gaussians in three dimensions; weights beyond the first and last slice go to those inside.

    Args:
        image: All slices.
        spacing_mm: From slice to slice, row to row, column to column.
        numbers: Of the slices that are wanted.
        widths_mm: SD of each Gaussian; 0 for the image itself.
        inside: Voxels that count, where the average is that of these alone and 0 elsewhere; None for all.
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


def detail_noise(smooth: Float[np.ndarray, "k n y x"], tissue: Bool[np.ndarray, "n y x"]) -> tuple[float, ...]:
    """Measure the spread of the detail between each average and the next wider one, where there is tissue.

        s_k = median|G_k − G_{k+1}| / 0.6745

    Returns:
        One value for each pair of neighbors; 0 where there is no tissue.
    """
    if not tissue.any():
        return (0.0,) * (len(smooth) - 1)
    voxels = smooth[:, tissue]
    return tuple(float(np.median(np.abs(a - b))) / _MAD for a, b in pairwise(voxels))


def noise_of_averages(detail: Sequence[float]) -> tuple[float, ...]:
    """Add up the noise of each average from the details of all wider ones; the widest has half of the last detail.

    Details of neighboring averages depend on each other, so that the sum is 0.55 to 1 of the true noise, white or
    correlated.
    """
    squares = [value**2 for value in detail] + [0.25 * detail[-1] ** 2]
    return tuple(float(np.sqrt(total)) for total in np.cumsum(squares[::-1])[::-1])


def full_dose_gain(
    difference: Float[np.ndarray, "*shape"], level: Float[np.ndarray, "*shape"], dose: float, facts: ScanFacts
) -> Float[np.ndarray, "*shape"]:
    """Say by what an enhancement at a dose must be multiplied to be that of the standard dose.

    Args:
        difference: Averaged low − T1.
        level: Averaged T1, true zero at 0.
        dose: β; below 2 % the gain is 0.
        facts: With the dose curve.
    """
    if dose < LEAST_DOSE:
        return np.zeros(difference.shape, np.float32)
    relative = np.maximum(difference, 0) / np.maximum(level, LEAST_SIGNAL)
    if facts.curve is not None:
        return facts.curve.gain(relative, dose).astype(np.float32)
    return np.asarray(1 / (dose + facts.saturation * (1 - dose) * relative), np.float32)


def _slope_per_mm(
    image: Float[np.ndarray, "z y x"], spacing_mm: tuple[float, float, float], numbers: Sequence[int]
) -> Float[np.ndarray, "n y x"]:
    """Gradient magnitude in plane, of the image averaged over 1 mm, so that noise does not pass for an edge."""
    from scipy.ndimage import gaussian_filter1d

    smooth = image[list(numbers)]
    for axis in (1, 2):
        smooth = gaussian_filter1d(smooth, 1.0 / spacing_mm[axis], axis=axis, mode="nearest", truncate=TRUNCATE)
    rows, columns = np.gradient(smooth, spacing_mm[1], spacing_mm[2], axis=(1, 2))
    return np.hypot(rows, columns)


def kernel_sources(evidence: MeasuredEnhancement, n_neighbors: int) -> Float[np.ndarray, "n c y x"]:
    """Stack what a kernel field sees of each chosen slice.

    Channels: T1 and scaled difference, each of the slice and its neighbors; the averages; what misalignment can do,
    scaled; noise of the T1; noise of each average and gain, as maps; and constants (`N_CONSTANTS`).

    Args:
        evidence: Of the scan.
        n_neighbors: Slices seen above and below.
    """
    from lessgad.field.inputs import slices_around

    around = slices_around(evidence.numbers, n_neighbors, len(evidence.pre_contrast))
    n, height, width = evidence.gain.shape
    gain = evidence.gain[:, None]
    constants = np.broadcast_to(_constants(evidence)[None, :, None, None], (n, N_CONSTANTS, height, width))
    parts = (
        evidence.pre_contrast[around],
        gain * evidence.difference[around],
        np.moveaxis(evidence.averages, 0, 1),
        (evidence.gain * evidence.misalignment)[:, None],
        gain,
        constants,
    )
    return np.concatenate(parts, axis=1, dtype=np.float32)


#: Noise of each average, noise of the T1, dose, detail noise (log), in-plane and slice spacing (log).
N_CONSTANTS = N_AVERAGES + 1 + 1 + (N_AVERAGES - 1) + 2
NOISE_CHANNEL = 2 - N_CONSTANTS  # noise of the average over 1 mm


def n_source_channels(n_neighbors: int) -> int:
    """Channels of `kernel_sources`."""
    return 2 * (2 * n_neighbors + 1) + N_AVERAGES + 2 + N_CONSTANTS


def _constants(evidence: MeasuredEnhancement) -> Float[np.ndarray, " c"]:
    facts, scale = evidence.facts, max(evidence.dose, LEAST_DOSE)
    detail = np.log10(np.maximum(np.asarray(evidence.detail) / scale, LEAST_NOISE))
    between, *in_plane = facts.spacing_mm
    return np.array(
        [
            *evidence.noise,
            facts.sigma_pre_contrast,
            evidence.dose,
            *detail,
            np.log(float(np.mean(in_plane))),
            np.log(between),
        ],
        np.float32,
    )
