# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lessgad.field.position import position_encoding, position_grid_mm


@pytest.mark.parametrize("n_frequencies", [1, 3])
def test_waves_are_those_of_a_slow_loop_in_the_order_of_the_paper(n_frequencies):
    position = torch.rand(2, 2, 3, 5) * 2 - 1
    encoded = position_encoding(position, n_frequencies)
    assert encoded.shape == (2, 4 * n_frequencies, 3, 5)
    for b in range(2):
        for row in range(3):
            for column in range(5):
                y, x = (float(position[b, axis, row, column]) for axis in (0, 1))
                expected = []
                for k in range(n_frequencies):
                    phase = 2**k * math.pi
                    expected += [math.cos(phase * x), math.sin(phase * x), math.cos(phase * y), math.sin(phase * y)]
                assert encoded[b, :, row, column].tolist() == pytest.approx(expected, abs=1e-5)


def test_no_frequencies_no_channels():
    assert position_encoding(torch.rand(2, 2, 3, 5), 0).shape == (2, 0, 3, 5)


def test_places_are_counted_from_the_center_in_mm():
    grid = position_grid_mm((3, 4), (2.0, 0.5), (1.0, 1.5))
    assert grid[0, :, 0].tolist() == [-2.0, 0.0, 2.0]
    assert grid[1, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert (grid[0] == grid[0, :, :1]).all()
    assert (grid[1] == grid[1, :1]).all()


@given(st.integers(0, 6), st.integers(0, 7), st.floats(-20, 20), st.floats(-20, 20))
def test_a_crop_has_the_places_that_it_has_in_the_slice(row, column, center_row, center_column):
    whole = position_grid_mm((12, 14), (0.8, 1.3), (center_row, center_column))
    crop = position_grid_mm((5, 6), (0.8, 1.3), (center_row - row, center_column - column))
    torch.testing.assert_close(crop, whole[:, row : row + 5, column : column + 6], rtol=0, atol=1e-4)
