# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lessgad.dose.noise import add_noise
from lessgad.preparation.noise_correlation import NoiseCorrelation
from lessgad.restoration.smoothing import Smoothing

SPACING = (0.6, 0.8, 2.0)


def test_it_is_a_gaussian_of_that_width():
    image = np.random.default_rng(1).standard_normal((20, 24, 12))
    sds = [4.0 / np.sqrt(8 * np.log(2)) / spacing for spacing in SPACING]
    expected = gaussian_filter(image, sds, mode="constant", truncate=4.0)
    np.testing.assert_allclose(Smoothing(4.0, SPACING).average(image), expected, atol=1e-12)
    assert [kernel.sum() for kernel in Smoothing(4.0, SPACING).kernels] == pytest.approx([1, 1, 1])


def test_the_variance_is_that_of_averaged_noise_at_borders_too():
    rng, smoothing = np.random.default_rng(1), Smoothing(3.0, SPACING)
    sd = rng.uniform(0.5, 2, (10, 12, 6))
    sd[:3] = 0
    drawn = np.stack([smoothing.average(sd * rng.standard_normal(sd.shape)) for _ in range(2000)])
    np.testing.assert_allclose(drawn.var(axis=0), smoothing.variance(sd**2), rtol=0.2, atol=1e-6)
    assert drawn.var(axis=0).mean() == pytest.approx(smoothing.variance(sd**2).mean(), rel=0.02)


def test_the_variance_is_that_of_averaged_correlated_noise():
    rng, smoothing = np.random.default_rng(1), Smoothing(3.0, SPACING)
    correlation = NoiseCorrelation((0.5, 1.0), (0.0, 2.0))
    clean = np.full((60, 96, 80), 1000.0)  # slices, y, x
    noise = (add_noise(clean, 1.0, rng, correlation=correlation) - 1000).transpose(2, 1, 0)
    averaged = smoothing.average(noise)[6:-6, 6:-6, 3:-3]
    expected = smoothing.variance(np.ones(noise.shape), correlation)[40, 48, 30]
    assert averaged.var() == pytest.approx(expected, rel=0.05)
    assert expected > 3 * smoothing.variance(np.ones(noise.shape))[40, 48, 30]


@pytest.mark.parametrize("diameter_mm", [3.0, 5.0, 10.0, 40.0])
def test_what_is_left_of_a_ball(diameter_mm: float):
    spacing = (0.25,) * 3
    axis = (np.arange(-60, 61) * 0.25) ** 2
    ball = (axis[:, None, None] + axis[:, None] + axis <= (diameter_mm / 2) ** 2).astype(float)
    smoothing = Smoothing(4.0, spacing)
    assert smoothing.average(ball)[60, 60, 60] == pytest.approx(smoothing.response(diameter_mm), abs=0.01)
