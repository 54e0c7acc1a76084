# SPDX-License-Identifier: Apache-2.0
"""The longest line within a slice, on shapes whose longest line is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.spatial.distance import pdist

from lessgad.evaluation.slice_diameter import diameters_of_discs, slice_diameter_mm

SPACINGS = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3))


def ellipse(long_mm, ratio, pixel_mm, shift, angle=0.0):
    n = int(long_mm / pixel_mm) + 6
    x, y = ((np.arange(n) - (n - 1) / 2 - part) * pixel_mm for part in shift)
    x, y = np.meshgrid(x, y, indexing="ij")
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return along**2 + (across / ratio) ** 2 <= (long_mm / 2) ** 2


@settings(max_examples=150, deadline=None)
@given(st.floats(5, 40), st.floats(0.3, 1.2), st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)))
def test_no_rule_measures_a_disc_better_where_it_is_off_by_more_than_02_mm(diameter, pixel_mm, shift):
    """The mask fixes the diameter up to a range; its middle is off by at most half of the range."""
    mask = ellipse(diameter, 1.0, pixel_mm, shift)
    found = slice_diameter_mm(mask, (pixel_mm, pixel_mm))
    smallest, largest = diameters_of_discs(mask, (pixel_mm, pixel_mm))
    assert smallest - 1e-3 <= diameter <= largest + 1e-3
    assert abs(found - diameter) <= max(0.2, (largest - smallest) / 2 + 1e-3)


@pytest.mark.parametrize("pixel_mm", [0.3, 0.4, 0.5, 0.6, 0.75])
def test_discs_have_their_diameter_wherever_they_lie_on_the_grid(pixel_mm):
    random = np.random.default_rng(round(1000 * pixel_mm))
    for _ in range(40):
        diameter = random.uniform(10, 40)
        disc = ellipse(diameter, 1.0, pixel_mm, random.uniform(-0.5, 0.5, 2))
        assert slice_diameter_mm(disc, (pixel_mm, pixel_mm)) == pytest.approx(diameter, abs=0.2)


def test_two_discs_of_one_mask_differ_by_more_than_04_mm():
    """Centered on a voxel of 1.2 mm, radii of 4.51 to 4.99 voxels contain the same centers."""
    one, other = (ellipse(2.4 * radius, 1.0, 1.2, (0.0, 0.0)) for radius in (4.51, 4.99))
    assert np.array_equal(one, other)
    smallest, largest = diameters_of_discs(one, (1.2, 1.2))
    assert smallest <= 2.4 * 4.51
    assert largest >= 2.4 * 4.99


@pytest.mark.parametrize(("ratio", "p95", "most_biased"), [(0.5, 0.4, 0.05), (0.7, 0.3, 0.04), (0.9, 0.2, 0.04)])
def test_ellipses_have_their_long_axis(ratio, p95, most_biased):
    """At 0.7 mm; with the tip of a disc they would be 0.1 to 0.3 mm too short on average."""
    random = np.random.default_rng(round(100 * ratio))
    errors = []
    for _ in range(100):
        long_mm = random.uniform(10, 30)
        mask = ellipse(long_mm, ratio, 0.7, random.uniform(-0.5, 0.5, 2), random.uniform(0, np.pi))
        errors.append(slice_diameter_mm(mask, (0.7, 0.7)) - long_mm)
    assert abs(np.mean(errors)) <= most_biased
    assert np.quantile(np.abs(errors), 0.95) <= p95


@settings(max_examples=100, deadline=None)
@given(npst.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))), SPACINGS)
def test_the_diameter_lies_between_the_line_of_centers_and_what_a_voxel_can_add(mask, spacing):
    mask[0, 0] = True
    found = slice_diameter_mm(mask, spacing)
    centers = np.argwhere(mask) * spacing
    between = pdist(centers).max() if len(centers) > 1 else 0.0
    of_area = 2 * np.sqrt(len(centers) * np.prod(spacing) / np.pi)
    of_discs = diameters_of_discs(mask, spacing) or (0.0, 0.0)
    assert found >= between - 1e-9
    assert found <= max(between + np.hypot(*spacing), of_area, sum(of_discs) / 2) + 1e-9


@settings(max_examples=60, deadline=None)
@given(npst.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))), SPACINGS)
def test_mirrored_and_turned_masks_have_the_same_diameter(mask, spacing):
    mask[0, 0] = True
    found = slice_diameter_mm(mask, spacing)
    assert slice_diameter_mm(mask[::-1], spacing) == pytest.approx(found, abs=1e-6)
    assert slice_diameter_mm(mask.T, spacing[::-1]) == pytest.approx(found, abs=1e-6)


def test_a_square_is_no_disc():
    assert diameters_of_discs(np.ones((9, 9), bool), (1.0, 1.0)) is None
