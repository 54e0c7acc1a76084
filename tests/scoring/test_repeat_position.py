# SPDX-License-Identifier: Apache-2.0
"""A second T1ce differs from the T1 as much as the first does, and from the first by as much as two scans do."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lessgad.scoring.repeat_position import change_of_position
from lessgad.training.misalignment import fine_difference

SPACING_MM = (1.0, 1.0, 3.0)
SHAPE = (96, 100, 8)


@pytest.fixture
def pair():
    """T1 and T1ce whose fine differences are random; nothing enhances."""
    rng = np.random.default_rng(1)
    t1 = np.full(SHAPE, -0.3) + 0.02 * gaussian_filter(rng.standard_normal(SHAPE), (3, 3, 0))
    fine = rng.standard_normal(SHAPE)
    t1ce = t1 + 0.01 * (fine - gaussian_filter(fine, (3, 3, 0)))
    head = np.zeros(SHAPE, bool)
    head[10:80] = True
    return t1.astype(np.float32), t1ce.astype(np.float32), head


def fine_of(t1, t1ce):
    return fine_difference(t1.transpose(2, 1, 0), t1ce.transpose(2, 1, 0), (1.0, 1.0)).transpose(2, 1, 0)


@pytest.mark.parametrize("sign", (-1, 1))
def test_fine_differences_of_both_scans_are_as_strong_and_correlate_by_one_half(pair, sign):
    t1, t1ce, head = pair
    change = change_of_position(t1, t1ce, head, SPACING_MM, sign)
    first = fine_of(t1, t1ce)[head]
    second = first + change[head]
    assert second.std() == pytest.approx(first.std(), rel=0.02)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.5, abs=0.03)
    assert change[head].std() == pytest.approx(first.std(), rel=0.02)


def test_the_other_part_comes_from_the_other_side_of_the_head(pair):
    t1, t1ce, head = pair
    plus, minus = (change_of_position(t1, t1ce, head, SPACING_MM, sign) for sign in (1, -1))
    fine = fine_of(t1, t1ce)
    np.testing.assert_allclose((plus + minus)[head], -fine[head], atol=1e-6)
    np.testing.assert_allclose((plus - minus)[10:80], np.sqrt(3) * fine[10:80][::-1], atol=1e-6)


def test_two_scans_without_a_difference_have_none(pair):
    t1, _, head = pair
    assert not change_of_position(t1, t1, head, SPACING_MM, 1).any()
    assert not change_of_position(t1, t1, np.zeros_like(head), SPACING_MM, 1).any()
