# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import ndimage

from lessgad.dose import noise_of_tissue
from lessgad.dose.noise import add_noise
from lessgad.dose.noise_level import estimate_noise
from lessgad.preparation.head import head_mask
from lessgad.preparation.noise_correlation import WHITE as WHITE_NOISE
from lessgad.preparation.noise_correlation import NoiseCorrelation, gaussian_correlation

SHAPE = (160, 176, 8)
SPACING_MM = (1.0, 1.0, 3.0)
WHITE = 100.0


def ellipse(radius_x: float, radius_y: float, at: tuple[float, float] = (0, 0)) -> np.ndarray:
    x, y = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return ((x - 79.5 - at[0]) / radius_x) ** 2 + ((y - 87.5 - at[1]) / radius_y) ** 2 < 1


def make_head() -> np.ndarray:
    """Skin, skull, cortex with folds, white matter, ventricles, nuclei; partial volume, shading; air 0."""
    x, y = np.meshgrid(np.arange(SHAPE[0]) - 79.5, np.arange(SHAPE[1]) - 87.5, indexing="ij")
    angle, radius = np.arctan2(y, x), np.hypot(x / 58, y / 66)
    plane = np.where(ellipse(70, 78), 1.4 * WHITE, 0)
    plane[ellipse(66, 74)] = 0.2 * WHITE
    plane[ellipse(62, 70)] = 0.3 * WHITE
    plane[radius < 1] = 0.7 * WHITE
    plane[radius < 0.9 + 0.06 * np.sin(22 * angle)] = WHITE
    for side in (-1, 1):
        plane[ellipse(5, 18, (side * 9, 0))] = 0.3 * WHITE
        plane[ellipse(7, 9, (side * 22, 2))] = 0.8 * WHITE
    image = np.stack([ndimage.shift(plane, (k / 3, k / 5), order=1) for k in range(SHAPE[2])], axis=2)
    image = ndimage.gaussian_filter(image, (0.6, 0.6, 0))
    shading = 1 + 0.15 * np.cos(x / 50) * np.sin(y / 60)
    return np.where(image > 0.01 * WHITE, image * shading[..., None], 0).astype(np.float32)


HEAD = make_head()
MASK = head_mask(HEAD, SPACING_MM)


def noisy_head(snr: float, seed: int = 1, n_coils: int = 1) -> np.ndarray:
    return add_noise(HEAD, WHITE / snr, np.random.default_rng(seed), n_coils=n_coils)


def zero_filled(share_x: float, share_y: float, sigma: float) -> np.ndarray:
    """The head as acquired over the middle of k-space and interpolated by the scanner to the same grid."""
    rng, gain = np.random.default_rng(1), 1 / np.sqrt(share_x * share_y)
    both = HEAD + sigma * gain * (rng.standard_normal(SHAPE) + 1j * rng.standard_normal(SHAPE))
    k_space = np.fft.fft2(both, axes=(0, 1))
    k_space[np.abs(np.fft.fftfreq(SHAPE[0])) > share_x / 2] = 0
    k_space[:, np.abs(np.fft.fftfreq(SHAPE[1])) > share_y / 2] = 0
    return np.abs(np.fft.ifft2(k_space, axes=(0, 1))).astype(np.float32)


@pytest.mark.parametrize("snr", (5, 10, 20, 35, 50))
def test_with_air(snr: float):
    image = noisy_head(snr)
    level = estimate_noise(image, head_mask(image, SPACING_MM))
    assert level.source == "air"
    assert level.sigma == pytest.approx(WHITE / snr, rel=0.02)


@pytest.mark.parametrize("snr", (5, 10, 20, 35, 50))
@pytest.mark.parametrize("seed", (1, 2))
def test_without_air(snr: float, seed: int):
    level = estimate_noise(np.where(MASK, noisy_head(snr, seed), 0), MASK)
    assert level.source == "tissue"
    assert level.sigma == pytest.approx(WHITE / snr, rel=0.02)


@pytest.mark.parametrize("snr", (2, 2.5, 3))
def test_the_smaller_spread_of_a_rician_is_corrected(snr: float):
    """Flat tissue, so that the correction is all there is: without it σ would be 8 % too low at an SNR of 2."""
    image = add_noise(np.full((100, 100, 8), snr, np.float32), 1.0, np.random.default_rng(1))
    level = estimate_noise(image, np.ones(image.shape, dtype=bool))
    assert level.source == "tissue"
    assert level.sigma == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("snr", (10, 30))
def test_several_coils_are_not_taken_for_one(snr: float):
    """The sum of squares of four coils has air that is not Rayleigh; tissue well above the noise is the same."""
    level = estimate_noise(noisy_head(snr, n_coils=4), MASK)
    assert level.source == "tissue"
    assert level.sigma == pytest.approx(WHITE / snr, rel=0.03)


def test_ghosts_and_padding_in_the_air_are_left_out():
    image = noisy_head(20)
    ghost = np.zeros(SHAPE, np.float32)
    ghost[:, :24] = 0.25 * HEAD[:, 30:54]
    ghost[2:6, 150:160] = 3 * WHITE  # something bright beside the head
    image = add_noise(HEAD + ghost, 5.0, np.random.default_rng(1))
    image[:, -4:] = 0
    image[:3] = 0
    level = estimate_noise(image, MASK)
    assert level.source == "air"
    assert level.sigma == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize("sigma", (1.0, 2.0, 5.0))
@pytest.mark.parametrize("slope", (1.0, 0.37))
def test_whole_numbers(sigma: float, slope: float):
    """Digitized to steps as coarse as σ, with and without air; the unit is that of the stored image."""
    image = slope * np.rint(add_noise(HEAD * np.float32(sigma / 5), sigma, np.random.default_rng(1)))
    assert estimate_noise(image, MASK).sigma == pytest.approx(sigma * slope, rel=0.02)
    assert estimate_noise(np.where(MASK, image, 0), MASK).sigma == pytest.approx(sigma * slope, rel=0.02)


def test_filtered_air_is_not_used():
    image = noisy_head(20)
    image[~MASK] = 0.3 * image[~MASK] ** 1.5
    level = estimate_noise(image, MASK)
    assert level.source == "tissue"
    assert level.sigma == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize("shares", ((0.5, 0.5), (0.75, 0.75), (0.5, 1.0), (0.75, 0.6)))
@pytest.mark.parametrize("air", (True, False))
def test_zero_filling_of_k_space_is_seen(shares: tuple[float, float], air: bool):
    """The scanner's interpolation: neighbors share noise, and a stencil of neighbors would find 15-80 % of it."""
    image = zero_filled(*shares, sigma=10.0)
    level = estimate_noise(image if air else np.where(MASK, image, 0), MASK)
    assert level.source == ("air" if air else "tissue")
    assert level.sigma == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(
    "correlation",
    (
        WHITE_NOISE,
        gaussian_correlation(1.5),
        gaussian_correlation(2.0),
        gaussian_correlation(3.0),
        NoiseCorrelation((0.5, 0.5)),
        NoiseCorrelation((0.5, 1.0)),
        NoiseCorrelation((1.0, 1.0), (0.0, 2.0)),
    ),
)
@pytest.mark.parametrize("air", (True, False))
def test_the_correlation_of_neighbors_is_found(correlation: NoiseCorrelation, air: bool):
    """With the head through the filter too, as on a scanner."""
    x, y = (correlation.amplitude(axis, SHAPE[axis]) for axis in (0, 1))
    spectrum = np.fft.fft2(HEAD, axes=(0, 1)) * np.outer(x / x[0], y / y[0])[..., None]
    head = np.maximum(np.fft.ifft2(spectrum, axes=(0, 1)).real, 0).astype(np.float32).transpose(2, 1, 0)
    image = add_noise(head, WHITE / 20, np.random.default_rng(1), correlation=correlation).transpose(2, 1, 0)
    level = estimate_noise(image if air else np.where(MASK, image, 0), MASK)
    assert level.source == ("air" if air else "tissue")
    # As after zero-filling: structure that the filter leaves adds to tissue's residuals, a wide filter takes from them.
    assert level.sigma == pytest.approx(WHITE / 20, rel=0.02 if air else 0.05)
    for axis in (0, 1):
        for lag in (1, 2, 3):
            assert level.correlation.at(axis, lag) == pytest.approx(correlation.at(axis, lag), abs=0.06)
    if correlation.is_white:
        assert level.correlation.is_white


def test_texture_of_tissue_is_not_taken_for_a_filter():
    """Zero-filled, skull-stripped, with texture: a filter fitted besides the share made σ 12 % too high."""
    rng = np.random.default_rng(3)
    texture = ndimage.gaussian_filter(rng.standard_normal(SHAPE), (1.5, 1.5, 1.0))
    structure = HEAD * (1 + 0.03 * texture / texture.std())
    correlation = NoiseCorrelation((0.5, 0.5))
    x, y = (correlation.amplitude(axis, SHAPE[axis]) for axis in (0, 1))
    spectrum = np.fft.fft2(structure, axes=(0, 1)) * np.outer(x / x[0], y / y[0])[..., None]
    head = np.maximum(np.fft.ifft2(spectrum, axes=(0, 1)).real, 0).astype(np.float32).transpose(2, 1, 0)
    image = add_noise(head, WHITE / 20, np.random.default_rng(1), correlation=correlation).transpose(2, 1, 0)
    level = estimate_noise(np.where(MASK, image, 0), MASK)
    assert level.source == "tissue"
    assert level.correlation.fwhm_px == (0.0, 0.0)
    assert level.sigma == pytest.approx(WHITE / 20, rel=0.06)


def scanned(structure: np.ndarray, correlation: NoiseCorrelation, slices: tuple[float, ...] = (1.0,)) -> np.ndarray:
    """Structure through the filter of its noise, SNR 20, skull-stripped; `slices`: weights over slices, as scanned."""
    x, y = (correlation.amplitude(axis, SHAPE[axis]) for axis in (0, 1))
    spectrum = np.fft.fft2(structure, axes=(0, 1)) * np.outer(x / x[0], y / y[0])[..., None]
    head = np.maximum(np.fft.ifft2(spectrum, axes=(0, 1)).real, 0)
    k_space = np.random.default_rng(1).standard_normal((2, *SHAPE))
    k_space = np.fft.fft2(ndimage.convolve1d(k_space, slices, axis=3, mode="wrap"), axes=(1, 2))
    noise = np.fft.ifft2(k_space * np.outer(x, y)[..., None], axes=(1, 2)).real * WHITE / 20
    return np.where(MASK, np.hypot(head + noise[0], noise[1]), 0).astype(np.float32)


def textured(strength: float) -> np.ndarray:
    """Texture in one half of the head, in every slice."""
    texture = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(SHAPE), (1.0, 1.0, 0))
    texture[80:] = 0
    return HEAD * (1 + strength * texture / texture[:80].std())


def test_places_with_texture_are_told_by_the_neighboring_slices(monkeypatch):
    """Zero-filled and skull-stripped: σ is that of the other half of the head."""
    image = scanned(textured(0.1), NoiseCorrelation((0.5, 0.5)))
    assert estimate_noise(image, MASK).sigma == pytest.approx(WHITE / 20, rel=0.04)
    monkeypatch.setattr(noise_of_tissue, "calm_voxels", lambda _image, voxels, *_: voxels)
    assert estimate_noise(image, MASK).sigma > 1.08 * WHITE / 20


@pytest.mark.parametrize("shares", ((1.0, 1.0), (0.5, 0.5)))
def test_choosing_by_neighboring_slices_does_not_choose_low_noise(shares):
    """Even where the noise of slices is correlated by 0.7, as after interpolation along z."""
    level = estimate_noise(scanned(HEAD, NoiseCorrelation(shares), slices=(0.5, 0.5**0.5, 0.5)), MASK)
    assert level.sigma == pytest.approx(WHITE / 20, rel=0.05)


def test_white_noise_is_measured_in_all_homogeneous_voxels(monkeypatch):
    image = scanned(HEAD, WHITE_NOISE)
    before = estimate_noise(image, MASK)
    monkeypatch.setattr(noise_of_tissue, "calm_voxels", None)  # calling it would fail
    assert estimate_noise(image, MASK) == before
    assert before.correlation.is_white


def test_scales_with_the_unit():
    image = noisy_head(20)
    assert estimate_noise(100 * image, MASK).sigma == pytest.approx(100 * estimate_noise(image, MASK).sigma, rel=1e-5)


def test_large_images_lose_slices_not_truth():
    image = np.concatenate([noisy_head(20, seed) for seed in range(24)], axis=2)
    level = estimate_noise(image, np.tile(MASK, (1, 1, 24)))
    assert level.sigma == pytest.approx(5, rel=0.02)
