# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.training.schedule import WARM_UP_SHARE, learning_rate_factor


def test_ends():
    assert learning_rate_factor(0.0) == pytest.approx(0.1)
    assert learning_rate_factor(1.0) == 0


@given(st.floats(WARM_UP_SHARE, 0.5))
def test_one_in_the_first_half_after_the_rise(progress):
    assert learning_rate_factor(progress) == 1


@given(st.floats(0.5, 1.0))
def test_linear_to_zero_in_the_second(progress):
    assert learning_rate_factor(progress) == pytest.approx(2 * (1 - progress))


@given(st.floats(0, 1), st.floats(0, 1))
def test_no_jumps_and_never_outside_0_to_1(one, other):
    first, second = learning_rate_factor(one), learning_rate_factor(other)
    assert 0 <= first <= 1
    assert abs(first - second) <= abs(one - other) / WARM_UP_SHARE + 1e-9


def test_rises_then_falls():
    factors = [learning_rate_factor(p) for p in np.linspace(0, 1, 1001)]
    highest = int(np.argmax(factors))
    assert (np.diff(factors[: highest + 1]) >= 0).all()
    assert (np.diff(factors[highest:]) <= 0).all()
