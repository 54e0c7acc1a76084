# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate1d

from lessgad.evaluation.line_filters import correlate_lines, correlate_separably


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 70), min_size=1, max_size=3),
    n_taps=st.integers(0, 9).map(lambda half: 2 * half + 1),
    seed=st.integers(0, 9),
    data=st.data(),
)
def test_it_is_that_of_scipy(shape, n_taps, seed, data):
    rng = np.random.default_rng(seed)
    image, kernel = rng.standard_normal(shape), rng.standard_normal(n_taps)
    axis = data.draw(st.integers(0, len(shape) - 1))
    for array in (image, np.asfortranarray(image)):
        found = correlate_lines(array, kernel, axis)
        np.testing.assert_allclose(found, correlate1d(image, kernel, axis, mode="constant"), atol=1e-12)
    single = correlate_lines(image.astype(np.float32), kernel, axis)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, found, atol=1e-4)


def test_one_kernel_along_each_axis():
    image = np.zeros((40, 5, 9))
    image[20, 2, 4] = 1
    kernels = [np.array([1.0, 2, 3]), np.array([4.0]), np.array([0.0, 1, 5, 0, 2])]
    found = correlate_separably(image, kernels)
    np.testing.assert_array_equal(found[19:22, 2, 2:7], np.outer([3, 2, 1], 4 * np.array([2, 0, 5, 1, 0])))
    assert np.count_nonzero(found) == 9
