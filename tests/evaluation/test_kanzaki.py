# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.spatial.distance import pdist

from lessgad.evaluation.kanzaki import TIP, class_of_diameter, kanzaki_class, largest_transverse_diameter_mm

SPACING = (0.5, 0.8, 2.0)


def slowly(mask, spacing):
    """All centers of all voxels of each slice, two by two."""
    voxel_mm2, longest = spacing[0] * spacing[1], 0.0
    for k in range(mask.shape[2]):
        voxels = np.argwhere(mask[:, :, k]) * spacing[:2]
        if len(voxels):
            longest = max(longest, 2 * np.sqrt(len(voxels) * voxel_mm2 / np.pi))
        if len(voxels) > 1:
            between = pdist(voxels).max()
            longest = max(longest, between + TIP * voxel_mm2 ** (2 / 3) * between ** (-1 / 3))
    return longest


@settings(max_examples=60, deadline=None)
@given(npst.arrays(bool, st.tuples(*[st.integers(1, 8)] * 3)), st.tuples(*[st.floats(0.3, 3)] * 3))
def test_the_diameter_is_the_longest_line_between_centers_and_what_they_lack(mask, spacing):
    assert largest_transverse_diameter_mm(mask, spacing) == pytest.approx(slowly(mask, spacing))


@pytest.mark.parametrize("pixel_mm", [0.3, 0.4, 0.5, 0.6, 0.75])
def test_discs_have_their_diameter_wherever_they_lie_on_the_grid(pixel_mm):
    random = np.random.default_rng(round(1000 * pixel_mm))
    for _ in range(40):
        diameter = random.uniform(10, 40)
        n = int(diameter / pixel_mm) + 4
        center = (n - 1) / 2 + random.uniform(-0.5, 0.5, 2)
        x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
        disc = np.hypot(x - center[0], y - center[1]) * pixel_mm <= diameter / 2
        found = largest_transverse_diameter_mm(disc[:, :, None], (pixel_mm, pixel_mm, 2.0))
        assert found == pytest.approx(diameter, abs=0.2)


@pytest.mark.parametrize("angle", [0.0, 0.3, 0.8, 1.2])
def test_an_ellipse_has_its_longer_axis_and_thickness_does_not_count(angle):
    x, y = np.meshgrid(np.arange(80) * 0.5 - 20, np.arange(80) * 0.5 - 20, indexing="ij")
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    ellipse = ((along / 9) ** 2 + (across / 5) ** 2 <= 1)[:, :, None]
    found = largest_transverse_diameter_mm(np.repeat(ellipse, 30, axis=2), (0.5, 0.5, 3.0))
    assert found == pytest.approx(18, abs=0.3)


def test_one_voxel_has_the_diameter_of_its_area():
    assert largest_transverse_diameter_mm(np.ones((1, 1, 1), bool), (0.5, 0.8, 2.0)) == pytest.approx(
        2 * np.sqrt(0.4 / np.pi)
    )


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
