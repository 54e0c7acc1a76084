# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lessgad.dose.even_table import EvenTable

FINITE = st.floats(-100, 100)


@given(FINITE, st.floats(1e-3, 10), st.lists(FINITE, min_size=2, max_size=20), st.lists(FINITE, min_size=1))
def test_it_is_linear_interpolation(start, step, values, arguments):
    known = start + step * np.arange(len(values))
    found = EvenTable(start, step, np.array(values)).at(np.array(arguments))
    np.testing.assert_allclose(found, np.interp(arguments, known, values), rtol=1e-9, atol=1e-8 * (1 + 1 / step))


def test_shape_and_type():
    found = EvenTable(0.0, 1.0, np.array([1.0, 3.0])).at(np.full((2, 3), 0.5, np.float32))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.full((2, 3), 2.0))
