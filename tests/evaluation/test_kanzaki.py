# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lessgad.evaluation.kanzaki import class_of_diameter, kanzaki_class, largest_transverse_diameter_mm

SPACING = (0.5, 0.8, 2.0)


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
