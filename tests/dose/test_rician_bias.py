# SPDX-License-Identifier: Apache-2.0
"""The difference of two Rician biases is that of their means, and zero where a noise is unknown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.dose.noise import rician_mean
from lessgad.dose.rician_bias import rician_bias_difference

sigmas = st.floats(0.001, 0.3)


@given(sigmas, sigmas)
def test_it_is_the_difference_of_the_means(sigma, other):
    magnitude = np.linspace(0, 2, 301)
    wanted = rician_mean(magnitude, sigma) - rician_mean(magnitude, other)
    np.testing.assert_allclose(rician_bias_difference(magnitude, sigma, other), wanted, atol=2e-5 * max(sigma, other))


@given(sigmas, sigmas)
def test_the_other_way_round_it_is_the_negative(sigma, other):
    magnitude = np.linspace(0, 1, 50)
    there, back = rician_bias_difference(magnitude, sigma, other), rician_bias_difference(magnitude, other, sigma)
    np.testing.assert_allclose(there, -back, atol=1e-12)


def test_far_above_the_noise_it_is_that_of_the_squares_over_twice_the_signal():
    magnitude = np.array([0.5, 1.0, 2.0])
    wanted = (0.03**2 - 0.01**2) / (2 * magnitude)
    np.testing.assert_allclose(rician_bias_difference(magnitude, 0.03, 0.01), wanted, rtol=0.005)


def test_at_no_signal_it_is_that_of_the_means_of_noise():
    found = rician_bias_difference(np.array([0.0, -0.1]), 0.03, 0.01)
    assert found == pytest.approx((0.02 * np.sqrt(np.pi / 2),) * 2, rel=1e-9)


@pytest.mark.parametrize(("sigma", "other"), [(0.0, 0.1), (0.1, 0.0), (0.0, 0.0), (0.1, 0.1)])
def test_nothing_is_known_or_both_are_alike(sigma, other):
    assert not rician_bias_difference(np.linspace(0, 1, 9), sigma, other).any()
