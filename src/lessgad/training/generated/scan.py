# SPDX-License-Identifier: Apache-2.0
"""A pair of scans of a scene: dose, noise, interpolation, calibration; ready for a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.field.kernel_sources import kernel_sources
from lessgad.field.measured_enhancement import ScanFacts, measured_enhancement
from lessgad.preparation.normalization import LEVEL
from lessgad.training.generated.scene import Scene

PATCH = 96
NOISE_FREE_SHARE = 0.06
SNR = (7.0, 110.0)
LEAST_DOSE, MOST_DOSE = 0.04, 0.95
NO_DOSE_SHARE = 0.04
GAIN_ERROR_SHARE = 0.6  # of true scans: what calibration leaves; a simulated low dose is on the scale of its pair
TISSUE_LEVEL = 2 / LEVEL  # of normalized images, true zero at 0


@dataclass(frozen=True, eq=False)
class GeneratedPatch:
    """One patch to learn from.

    Attributes:
        source: Input channels from `kernel_sources` for the middle slice.
        standard_dose: The target on [−1, 1].
        dose: β.
    """

    source: Float[np.ndarray, "c y x"]
    standard_dose: Float[np.ndarray, "y x"]
    dose: float


def draw_scan(
    scene: Scene, rng: np.random.Generator, n_neighbors: int = 2, dose: float | None = None
) -> GeneratedPatch:
    """Scan a scene with a dose and noise, and cut a patch.

    Args:
        scene: Scene to scan.
        rng: Random generator of everything drawn.
        n_neighbors: Slices that the field sees above and below.
        dose: β; None draws one.

    Returns:
        The patch.
    """
    drawn = _dose(rng)
    dose = drawn if dose is None else dose
    window, flips = _window(rng, scene.pre_contrast.shape)
    t1, target, low0, low1 = (
        image[window] * np.float32(TISSUE_LEVEL / scene.unit)
        for image in (scene.pre_contrast, scene.standard_dose, *scene.low_dose_source_pair)
    )
    seen = scene.seen[window]
    saturation = 0.0 if rng.random() < 0.4 else float(rng.uniform(0, 0.7))
    low = _low_dose(low0, low1, dose, saturation, rng)
    snr = np.exp(rng.uniform(*np.log(SNR)))
    sigma = 0.0 if rng.random() < NOISE_FREE_SHARE else TISSUE_LEVEL / snr
    noise = _NoiseKind(rng)
    t1_sigma, low_sigma = (sigma * float(np.exp(rng.normal(0, 0.15))) for _ in range(2))
    if rng.random() < 0.12:
        t1_sigma *= float(rng.uniform(0.0, 0.6))
    t1 = _interpolated(noise.added(t1, t1_sigma, rng), scene.pre_contrast_shift)
    low = _interpolated(noise.added(low, low_sigma, rng), scene.low_shift)
    if scene.misalignment_mm > 0 and rng.random() < GAIN_ERROR_SHARE:
        low = low * _gain_error(rng, low.shape)
    images = [np.where(seen, np.clip(image, 0, 2), 0)[flips].astype(np.float32) - 1 for image in (t1, low, target)]
    assumed = saturation * float(np.exp(rng.normal(0, 0.15)))
    facts = ScanFacts(
        scene.spacing_mm,
        t1_sigma * float(np.exp(rng.normal(0, 0.1))),
        saturation=assumed,
        misalignment_mm=scene.misalignment_mm,
        sigma_low_dose=low_sigma * float(np.exp(rng.normal(0, 0.1))),
    )
    middle = t1.shape[0] // 2
    evidence = measured_enhancement(images[0], images[1], dose, facts, [middle])
    source = kernel_sources(evidence, n_neighbors)[0]
    return GeneratedPatch(source, images[2][middle], dose)


def _dose(rng: np.random.Generator) -> float:
    drawn = rng.random()
    if drawn < NO_DOSE_SHARE:
        return 0.0
    if drawn < 0.15:
        return float(rng.uniform(0, 1))
    return float(np.exp(rng.uniform(np.log(LEAST_DOSE), np.log(MOST_DOSE))))


def _window(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Draw a place in the slices, and which axes are mirrored."""
    y, x = (int(rng.integers(0, n - PATCH + 1)) for n in shape[1:])
    window = (slice(None), slice(y, y + PATCH), slice(x, x + PATCH))
    flips = tuple(slice(None, None, int(rng.choice([-1, 1]))) for _ in range(3))
    return window, flips


def _low_dose(
    t1: Float[np.ndarray, "z y x"],
    t1ce: Float[np.ndarray, "z y x"],
    dose: float,
    saturation: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "z y x"]:
    """E_β = βE/(1 − s(1 − β)E), E relative to the T1; the truth differs a little from what will be assumed."""
    rise = t1ce - t1
    relative = np.clip(rise / np.maximum(t1, 0.2), 0, 1.2 / max(saturation, 0.6))
    share = dose / np.maximum(1 - saturation * (1 - dose) * np.minimum(relative, 1.2), 0.15)
    share = np.minimum(share, max(dose, 0.9)) * np.float32(np.exp(rng.normal(0, 0.04)))
    return (t1 + share * rise).astype(np.float32)


class _NoiseKind:
    """White, smoothed, or of a k-space that was filled up with zeros; one coil or four."""

    def __init__(self, rng: np.random.Generator) -> None:
        kind = rng.random()
        self.fwhm_px = float(rng.uniform(0.8, 2.5)) if kind < 0.2 else 0.0
        self.acquired = tuple(rng.uniform(0.5, 1, 2)) if kind > 0.7 else (1.0, 1.0)
        self.n_coils = 4 if rng.random() < 0.15 else 1

    def added(
        self, image: Float[np.ndarray, "z y x"], sigma: float, rng: np.random.Generator
    ) -> Float[np.ndarray, "z y x"]:
        if sigma == 0:
            return image
        square = (np.maximum(image, 0) + self._channel(image.shape, sigma, rng)) ** 2
        for _ in range(2 * self.n_coils - 1):
            square += self._channel(image.shape, sigma, rng) ** 2
        return np.sqrt(square)

    def _channel(self, shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Float[np.ndarray, "z y x"]:
        from scipy.ndimage import gaussian_filter

        noise = rng.standard_normal(shape, dtype=np.float32)
        if self.fwhm_px > 0:
            noise = gaussian_filter(noise, (0, self.fwhm_px / 2.355, self.fwhm_px / 2.355), mode="wrap", truncate=3)
        elif min(self.acquired) < 1:
            spectrum = np.fft.rfft2(noise)
            rows, columns = np.abs(np.fft.fftfreq(shape[1]))[:, None], np.fft.rfftfreq(shape[2])[None, :]
            spectrum *= (rows <= 0.5 * self.acquired[0]) & (columns <= 0.5 * self.acquired[1])
            noise = np.fft.irfft2(spectrum, shape[1:]).astype(np.float32)
        else:
            return np.float32(sigma) * noise
        return np.float32(sigma / noise.std()) * noise


def _interpolated(image: Float[np.ndarray, "z y x"], shift: tuple[float, float, float]) -> Float[np.ndarray, "z y x"]:
    """Bring voxels that lie at index + shift onto the grid by cubic convolution (Keys 1981)."""
    from scipy.ndimage import correlate1d

    for axis, by in enumerate(shift):
        if by != 0:
            image = correlate1d(image, _cubic(-by), axis=axis, mode="nearest")
    return image


def _cubic(offset: float) -> Float[np.ndarray, " 5"]:
    """Weights of the neighbors −2 … 2 for the value at `offset`, |offset| ≤ 0.5."""
    distance = np.abs(np.arange(-2, 3) - offset)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))


def _gain_error(rng: np.random.Generator, shape: tuple[int, ...]) -> Float[np.ndarray, "z y x"]:
    from lessgad.training.generated.scene import _smooth_field

    return _smooth_field(rng, shape, 0.018) * np.float32(np.exp(rng.normal(0, 0.004)))
