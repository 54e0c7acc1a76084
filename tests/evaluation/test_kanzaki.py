# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.spatial.distance import pdist

from lessgad.evaluation.kanzaki import class_of_diameter, kanzaki_class, largest_transverse_diameter_mm

SPACING = (0.5, 0.8, 2.0)


def slowly(mask, spacing):
    """All corners of all voxels of each slice, two by two."""
    longest = 0.0
    for k in range(mask.shape[2]):
        voxels = np.argwhere(mask[:, :, k])
        if len(voxels):
            corners = np.concatenate([voxels + step for step in ((0, 0), (0, 1), (1, 0), (1, 1))]) * spacing[:2]
            longest = max(longest, pdist(corners).max())
    return longest


@settings(max_examples=60, deadline=None)
@given(npst.arrays(bool, st.tuples(*[st.integers(1, 8)] * 3)), st.tuples(*[st.floats(0.3, 3)] * 3))
def test_the_diameter_is_the_longest_line_between_corners(mask, spacing):
    assert largest_transverse_diameter_mm(mask, spacing) == pytest.approx(slowly(mask, spacing))


def test_a_disc_has_its_diameter_and_thickness_does_not_count():
    x, y = np.meshgrid(np.arange(80) * 0.5, np.arange(80) * 0.5, indexing="ij")
    disc = ((x - 20) ** 2 + (y - 20) ** 2 <= 7.5**2)[:, :, None]
    found = largest_transverse_diameter_mm(np.repeat(disc, 30, axis=2), (0.5, 0.5, 3.0))
    assert found == pytest.approx(15, abs=0.75)


@pytest.mark.parametrize(
    ("diameter", "name"),
    [
        *[(0.4, "small"), (10.0, "small"), (10.49, "small"), (10.5, "medium"), (20.4, "medium")],
        *[(20.5, "moderately large"), (30.4, "moderately large"), (31.0, "large"), (40.4, "large"), (40.5, "giant")],
    ],
)
def test_classes_are_split_at_the_diameter_rounded_to_whole_mm(diameter, name):
    assert class_of_diameter(diameter) == name


def test_without_an_extrameatal_part():
    nothing = np.zeros((4, 4, 4), dtype=bool)
    voxel = nothing.copy()
    voxel[0, 0, 0] = True
    assert kanzaki_class(nothing, nothing, SPACING) == "none"
    assert kanzaki_class(voxel, nothing, SPACING) == "intrameatal"
    assert kanzaki_class(nothing, voxel, SPACING) == kanzaki_class(voxel, voxel, SPACING) == "small"
