# SPDX-License-Identifier: Apache-2.0
"""Patches are windows of their slice, with background around it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lessgad.training.patch_source import crop


@given(
    st.integers(-30, 60),
    st.integers(-30, 60),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_crop_is_a_window_of_the_padded_image(row, column, height, width):
    image = np.arange(24 * 30, dtype=np.float32).reshape(24, 30)
    padded = np.pad(image, 110, constant_values=-1)
    expected = padded[110 + row : 110 + row + height, 110 + column : 110 + column + width]
    found = crop(image, (row, column), (height, width))
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


def test_crop_is_a_copy():
    image = np.zeros((8, 8), dtype=np.float32)
    crop(image, (0, 0), (8, 8))[:] = 1
    assert not image.any()
