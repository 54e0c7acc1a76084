# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import integrate, stats

from lessgad.dose.noise import add_noise, magnitude_from_mean, rician_mean, rician_sd
from lessgad.errors import SettingsError
from lessgad.preparation.noise_correlation import NoiseCorrelation, gaussian_correlation

SNRS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 20.0)
magnitudes = arrays(np.float32, array_shapes(min_dims=2, max_dims=3, max_side=5), elements=st.floats(0, 1000, width=32))


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("snr", SNRS)
def test_one_coil_is_rician(snr: float):
    noisy = add_noise(np.full(20_000, snr * 7), 7.0, rng())
    assert stats.kstest(noisy, stats.rice(snr, scale=7).cdf).pvalue > 0.001


@pytest.mark.parametrize("snr", (0.0, 0.5, 1.0, 2.0, 3.0))
def test_bias_and_spread_below_an_snr_of_3(snr: float):
    noisy = add_noise(np.full(400_000, snr), 1.0, rng())
    expected = stats.rice(snr)
    assert noisy.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / math.sqrt(noisy.size))
    assert noisy.std() == pytest.approx(expected.std(), rel=0.01)


@pytest.mark.parametrize("n_coils", (2, 4, 8))
@pytest.mark.parametrize("snr", (0.0, 1.0, 4.0))
def test_several_coils_are_non_central_chi(n_coils: int, snr: float):
    squares = (add_noise(np.full(20_000, snr * 3), 3.0, rng(), n_coils=n_coils) / 3) ** 2
    law = stats.ncx2(2 * n_coils, snr**2) if snr else stats.chi2(2 * n_coils)
    assert stats.kstest(squares, law.cdf).pvalue > 0.001


@settings(deadline=None)
@given(magnitudes, st.integers(1, 4), st.floats(0, 3))
def test_no_noise_is_a_copy_bit_for_bit(image: np.ndarray, n_coils: int, fwhm_px: float):
    same = add_noise(image, 0.0, rng(), n_coils=n_coils, correlation=gaussian_correlation(fwhm_px))
    assert same.tobytes() == image.tobytes()
    assert not np.shares_memory(same, image)


@settings(deadline=None)
@given(magnitudes, st.floats(0.01, 10), st.integers(1, 4), st.floats(0, 3))
def test_shape_and_type_stay_and_the_seed_decides(image: np.ndarray, sigma: float, n_coils: int, fwhm_px: float):
    before = image.copy()
    noisy = add_noise(image, sigma, rng(), n_coils=n_coils, correlation=gaussian_correlation(fwhm_px))
    assert noisy.shape == image.shape
    assert noisy.dtype == np.float32
    assert (noisy >= 0).all()
    assert (
        noisy.tobytes()
        == add_noise(image, sigma, rng(), n_coils=n_coils, correlation=gaussian_correlation(fwhm_px)).tobytes()
    )
    np.testing.assert_array_equal(image, before)


def test_scales_with_the_image():
    image = rng().random((9, 9)) * 5
    np.testing.assert_allclose(add_noise(3 * image, 3.0, rng()), 3 * add_noise(image, 1.0, rng()), rtol=1e-12)


def smoothed(fwhm_px: float, lag: int) -> float:
    """Autocorrelation of white noise after a Gaussian filter of k-space, by integration up to the Nyquist frequency."""
    exponent = (2 * math.pi * fwhm_px / math.sqrt(8 * math.log(2))) ** 2
    power, shared = (
        integrate.quad(lambda k, d=d: math.exp(-exponent * k**2) * math.cos(2 * math.pi * k * d), 0, 0.5)[0]
        for d in (0, lag)
    )
    return shared / power


@pytest.mark.parametrize("fwhm_px", (0.8, 1.5, 3.0))
def test_correlated_noise_keeps_its_spread_and_has_the_kernels_autocorrelation(fwhm_px: float):
    noise = add_noise(np.full((800, 32, 24), 1000.0), 1.0, rng(), correlation=gaussian_correlation(fwhm_px)) - 1000
    kernel = np.exp(-4 * math.log(2) * (np.arange(-24, 25) / fwhm_px) ** 2)
    for lag in (1, 2) if fwhm_px > 2 else ():  # a narrower Gaussian is not what its samples are
        of_samples = (kernel[lag:] * kernel[:-lag]).sum() / (kernel**2).sum()
        assert smoothed(fwhm_px, lag) == pytest.approx(of_samples, abs=0.02)
    for axis in (1, 2):
        for lag in (1, 2):
            seen = (noise * np.roll(noise, lag, axis)).mean()
            assert seen == pytest.approx(smoothed(fwhm_px, lag), abs=0.02)
    assert abs((noise[1:] * noise[:-1]).mean()) < 0.01  # slices are independent
    spread = noise.std(axis=0)
    assert spread.mean() == pytest.approx(1, rel=0.01)
    for border in (spread[0], spread[-1], spread[:, 0], spread[:, -1]):
        assert border.mean() == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("shares", ((0.5, 1.0), (1.0, 0.5), (0.75, 0.6)))
def test_zero_filled_noise_has_the_autocorrelation_of_its_acquired_share(shares: tuple[float, float]):
    """x is the last axis: sinc(f d), and nothing beyond the acquired share of k-space."""
    noise = add_noise(np.full((600, 64, 80), 1000.0), 1.0, rng(), correlation=NoiseCorrelation(shares)) - 1000
    assert noise.std() == pytest.approx(1, rel=0.01)
    for axis, share in ((2, shares[0]), (1, shares[1])):
        for lag in (1, 2, 3):
            seen = (noise * np.roll(noise, lag, axis)).mean()
            assert seen == pytest.approx(np.sinc(share * lag), abs=0.03)


def test_correlation_wider_than_the_image_keeps_the_spread():
    noise = add_noise(np.full((40_000, 3, 2), 1000.0), 1.0, rng(), correlation=gaussian_correlation(4.0)) - 1000
    assert noise.std() == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("snr", SNRS)
def test_moments_are_those_of_scipy(snr: float):
    assert rician_mean(np.array([snr * 9]), 9.0)[0] == pytest.approx(stats.rice(snr, scale=9).mean(), rel=1e-9)
    assert rician_sd(np.array([snr * 9]), 9.0)[0] == pytest.approx(stats.rice(snr, scale=9).std(), rel=1e-7)


@settings(deadline=None)
@given(st.floats(40, 1e7), st.floats(1e-3, 1e3))
def test_moments_at_high_snr_reach_their_limits(snr: float, sigma: float):
    magnitude = np.array([snr * sigma])
    assert (rician_mean(magnitude, sigma) / sigma - snr)[0] == pytest.approx(1 / (2 * snr), abs=1e-15 * snr + 1e-5)
    assert rician_sd(magnitude, sigma)[0] == pytest.approx(sigma * math.sqrt(1 - 1 / (2 * snr**2)), rel=1e-6)


def test_moments_in_air():
    assert rician_mean(np.zeros(1), 3.0)[0] == pytest.approx(3 * math.sqrt(math.pi / 2), rel=1e-15)
    assert rician_sd(np.zeros(1), 3.0)[0] == pytest.approx(3 * math.sqrt(2 - math.pi / 2), rel=1e-12)


def test_spread_is_continuous_where_the_formula_gives_way_to_its_limit():
    below, above = rician_sd(np.array([30 - 1e-9, 30 + 1e-9]), 1.0)
    assert below == pytest.approx(above, rel=1e-7)


@settings(deadline=None)
@given(st.floats(0.1, 1e5), st.floats(1e-3, 1e3))
def test_mean_and_its_inverse(snr: float, sigma: float):
    magnitude = np.array([snr * sigma])
    assert magnitude_from_mean(rician_mean(magnitude, sigma), sigma) == pytest.approx(magnitude, rel=1e-4)


def test_no_mean_is_below_the_noise_floor():
    floor = math.sqrt(math.pi / 2)
    assert (magnitude_from_mean(np.array([0, 0.5 * floor, floor * (1 - 1e-12)]), 1.0) == 0).all()
    image = np.linspace(0, 10, 1000)
    assert (np.diff(magnitude_from_mean(image, 1.0)) >= 0).all()


@pytest.mark.parametrize("sigma", (-1.0, math.nan, math.inf))
def test_impossible_noise_levels_are_refused(sigma: float):
    with pytest.raises(SettingsError, match="noise level"):
        add_noise(np.ones((2, 2)), sigma, rng())


def test_impossible_coils_and_correlations_are_refused():
    with pytest.raises(SettingsError, match="coil"):
        add_noise(np.ones((2, 2)), 1.0, rng(), n_coils=0)
    with pytest.raises(SettingsError, match="correlation"):
        gaussian_correlation(-1.0)
    with pytest.raises(SettingsError, match="correlation"):
        NoiseCorrelation((0.0, 1.0))
    with pytest.raises(SettingsError, match="correlated in plane"):
        add_noise(np.ones(2), 1.0, rng(), correlation=gaussian_correlation(1.0))
