# SPDX-License-Identifier: Apache-2.0
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import SettingsError
from lessgad.preparation.noise_correlation import (
    WHITE,
    NoiseCorrelation,
    correlation_from,
    gaussian_correlation,
    possible_axes,
)

correlations = st.builds(
    NoiseCorrelation,
    acquired=st.tuples(st.floats(0.3, 1), st.floats(0.3, 1)),
    fwhm_px=st.tuples(st.floats(0, 4), st.floats(0, 4)),
)


@settings(deadline=None)
@given(correlations)
def test_stored_and_read_again_it_is_the_same(correlation: NoiseCorrelation):
    assert correlation_from(asdict(correlation)) == correlation
    assert correlation.transposed.transposed == correlation
    assert correlation.at(0, 0) == pytest.approx(1)
    assert correlation.transposed.at(1, 2) == correlation.at(0, 2)


def test_older_files_know_of_white_noise_alone():
    assert correlation_from(None) is WHITE
    assert WHITE.is_white
    assert WHITE.stride == (1, 1)


@settings(deadline=None)
@given(correlations, st.sampled_from((32, 45, 64)))
def test_the_amplitude_has_the_autocorrelation(correlation: NoiseCorrelation, n: int):
    """Of noise that wraps around n pixels; a border of k-space between two frequencies moves it a little."""
    for axis in (0, 1):
        power = correlation.amplitude(axis, n) ** 2
        assert power.mean() == pytest.approx(1)
        shared = np.fft.ifft(power).real
        for lag in (1, 2):
            assert shared[lag] == pytest.approx(correlation.at(axis, lag), abs=0.13)


@pytest.mark.parametrize("share", (0.5, 0.75))
def test_zero_filling_is_a_sinc(share: float):
    correlation = NoiseCorrelation((share, 1.0))
    for lag in range(1, 5):
        assert correlation.at(0, lag) == pytest.approx(np.sinc(share * lag), abs=1e-3)
        assert correlation.at(1, lag) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("correlation", "stride"),
    (
        (gaussian_correlation(0.8), (1, 1)),
        (gaussian_correlation(1.5), (2, 2)),
        (gaussian_correlation(3.0), (3, 3)),
        (NoiseCorrelation((0.5, 1.0)), (2, 1)),
        (gaussian_correlation(9.0), (4, 4)),
    ),
)
def test_the_stride_leaves_neighbors_nearly_independent(correlation: NoiseCorrelation, stride: tuple[int, int]):
    assert correlation.stride == stride
    for axis in (0, 1):
        if stride[axis] < 4:
            assert abs(correlation.at(axis, stride[axis])) < 0.3


def test_the_variance_of_an_average_of_correlated_noise():
    rng, correlation = np.random.default_rng(1), NoiseCorrelation((0.5, 1.0), (0.0, 2.0))
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
    for axis, n in ((0, 128), (1, 128)):
        spectrum = np.fft.fft(rng.standard_normal((4000, n)), axis=1) * correlation.amplitude(axis, n)
        noise = np.fft.ifft(spectrum, axis=1).real
        averaged = sum(weight * np.roll(noise, shift, 1) for shift, weight in enumerate(kernel))
        expected = correlation.sum_of_squares(axis, kernel) * (kernel**2).sum()
        assert averaged.var() == pytest.approx(expected, rel=0.03)
    assert WHITE.sum_of_squares(0, kernel) == 1


def test_the_table_of_axes_begins_with_white():
    pairs, rho = possible_axes()
    assert tuple(pairs[0]) == (1, 0)
    np.testing.assert_allclose(rho[0], np.eye(9)[0], atol=1e-12)
    np.testing.assert_allclose(rho[:, 0], 1)


@pytest.mark.parametrize("shares", ((0.0, 1.0), (1.0, 1.1), (float("nan"), 1.0)))
def test_impossible_shares_are_refused(shares: tuple[float, float]):
    with pytest.raises(SettingsError, match="shares of k-space"):
        NoiseCorrelation(shares)
