# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lessgad.dose.denoising import denoise
from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.errors import SettingsError
from lessgad.preparation.noise_correlation import NoiseCorrelation, gaussian_correlation

ZERO_FILLED = NoiseCorrelation((0.5, 0.5))


def flat(snr: float, n: int = 96, n_slices: int = 8) -> np.ndarray:
    return np.full((n, n, n_slices), snr, np.float32)


def noise_of_subtract_and_scale(pre: np.ndarray, post: np.ndarray, dose: float) -> float:
    rng = np.random.default_rng(3)
    pre_noisy, post_noisy = add_noise(pre, 1.0, rng), add_noise(post, 1.0, rng)
    low = add_noise(mix(denoise(pre_noisy, 1.0), denoise(post_noisy, 1.0), dose), 1.0, rng)
    return float((pre_noisy + (low - pre_noisy) / dose).std())


@pytest.mark.parametrize("dose", (0.1, 0.3, 0.5, 0.9))
@pytest.mark.parametrize("snr", (5.0, 10.0, 30.0))
def test_subtract_and_scale_has_the_noise_of_independent_scans(dose: float, snr: float):
    expected = math.sqrt(1 / dose**2 + (1 - 1 / dose) ** 2)
    assert noise_of_subtract_and_scale(flat(snr), flat(1.5 * snr), dose) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("snr", (5.0, 10.0, 30.0))
def test_little_of_a_voxels_own_noise_remains(snr: float):
    noisy = add_noise(flat(snr), 1.0, np.random.default_rng(1))
    noise, denoised = noisy - noisy.mean(), denoise(noisy, 1.0)
    assert abs((noise * denoised).mean() / noise.var()) < 0.03
    assert denoised.std() < 0.2


@pytest.mark.parametrize(
    "correlation", (gaussian_correlation(1.5), gaussian_correlation(2.0), gaussian_correlation(3.0), ZERO_FILLED)
)
def test_little_of_a_voxels_own_correlated_noise_remains(correlation: NoiseCorrelation):
    """Taken for white, 12 to 37 % of it would; the rest of noise this wide looks like structure."""
    clean = flat(10).transpose(2, 1, 0)
    noisy = add_noise(clean, 1.0, np.random.default_rng(1), correlation=correlation).transpose(2, 1, 0)
    noise = noisy - noisy.mean()
    left = [
        float((noise * denoise(noisy, 1.0, known)).mean() / noise.var()) for known in (correlation, NoiseCorrelation())
    ]
    assert abs(left[0]) < 0.13
    assert left[0] < 0.5 * left[1]


@pytest.mark.parametrize("snr", (1.0, 1.5, 2.0, 3.0, 5.0, 20.0))
def test_the_bias_is_gone(snr: float):
    noisy = add_noise(flat(snr), 1.0, np.random.default_rng(1))
    bias = noisy.mean() - snr
    assert abs(denoise(noisy, 1.0).mean() - snr) < max(0.2 * bias, 0.01)


SPOTS = {
    "3x3": [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0), (1, 1)],
    "line": [(0, -1), (0, 0), (0, 1)],
    "diagonal": [(-1, -1), (0, 0), (1, 1)],
    "corner": [(0, 0), (0, 1), (1, 0)],
}


@pytest.mark.parametrize("spot", SPOTS)
def test_small_structures_keep_their_peak(spot: str):
    image = flat(20, n=128, n_slices=6)
    centers = [(i, j) for i in range(8, 120, 16) for j in range(8, 120, 16)]
    for i, j in centers:
        for di, dj in SPOTS[spot]:
            image[i + di, j + dj] = 25
    denoised = denoise(add_noise(image, 1.0, np.random.default_rng(1)), 1.0)
    peaks = np.array([denoised[i, j] for i, j in centers]) - 20
    assert peaks.mean() >= 0.9 * 5


def test_air_goes_to_zero():
    air = denoise(add_noise(flat(0), 1.0, np.random.default_rng(1)), 1.0)
    assert (air >= 0).all()
    assert np.median(air) == 0
    assert air.mean() < 0.2  # where magnitudes average 1.25


def test_edges_stay():
    image = flat(10)
    image[48:] = 20
    denoised = denoise(add_noise(image, 1.0, np.random.default_rng(1)), 1.0)
    np.testing.assert_allclose(denoised.mean(axis=(1, 2)), image[:, 0, 0], atol=0.15)


def test_a_noise_free_image_hardly_changes():
    image = np.random.default_rng(1).uniform(50, 100, (24, 24, 2)).astype(np.float32)
    denoised = denoise(image, 1e-3)
    np.testing.assert_allclose(denoised, image, rtol=1e-6)


def test_units_do_not_matter():
    noisy = add_noise(flat(10, n=24, n_slices=2), 1.0, np.random.default_rng(1))
    np.testing.assert_allclose(denoise(400 * noisy, 400.0), 400 * denoise(noisy, 1.0), rtol=1e-4)


def test_slices_do_not_mix_and_zeros_stay_zero():
    noisy = add_noise(flat(10, n=32, n_slices=3), 1.0, np.random.default_rng(1))
    noisy[:8], noisy[:, :5], noisy[:, :, 2] = 0, 0, 0
    denoised = denoise(noisy, 1.0)
    assert denoised.dtype == np.float32
    assert (denoised[noisy == 0] == 0).all()
    other = noisy.copy()
    other[:, :, 1] = 0
    np.testing.assert_array_equal(denoise(other, 1.0)[:, :, 0], denoised[:, :, 0])


def test_without_noise_a_copy():
    image = np.random.default_rng(1).random((5, 5, 2)).astype(np.float32)
    same = denoise(image, 0.0)
    assert same.tobytes() == image.tobytes()
    assert not np.shares_memory(same, image)
    assert (denoise(np.zeros_like(image), 1.0) == 0).all()


@pytest.mark.parametrize("sigma", (-1.0, math.nan, math.inf))
def test_impossible_noise_levels_are_refused(sigma: float):
    with pytest.raises(SettingsError, match="noise level"):
        denoise(flat(1, n=4, n_slices=1), sigma)
