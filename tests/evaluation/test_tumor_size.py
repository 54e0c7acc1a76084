# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import VolumeError
from lessgad.evaluation.tumor_size import equivalent_diameter_mm, find_lesions, size_group


def ball(radius_mm, spacing, shape=(40, 40, 40)):
    axes = [(np.arange(n) - n // 2) * step for n, step in zip(shape, spacing, strict=True)]
    return sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")) <= radius_mm**2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 1.0), (0.4, 0.4, 2.0)])
@pytest.mark.parametrize("diameter", [6.0, 9.0, 14.0])
def test_a_ball_has_its_diameter(spacing, diameter):
    _, (lesion,) = find_lesions(ball(diameter / 2, spacing), spacing)
    assert lesion.diameter_mm == pytest.approx(diameter, rel=0.06)


@given(st.floats(0.1, 60))
def test_the_equivalent_diameter_inverts_the_volume_of_a_sphere(diameter):
    assert equivalent_diameter_mm(np.pi / 6 * diameter**3 / 1000) == pytest.approx(diameter)


@pytest.mark.parametrize(
    ("diameter", "group"),
    [
        *[(0.5, "<3 mm"), (2.999, "<3 mm"), (3.0, "3-5 mm"), (4.999, "3-5 mm"), (5.0, "5-10 mm")],
        *[(10.0, "5-10 mm"), (10.001, ">10 mm"), (80.0, ">10 mm")],
    ],
)
def test_classes_of_diameter(diameter, group):
    assert size_group(diameter) == group


def test_a_small_lesion_counts_beside_a_big_one():
    mask = np.zeros((40, 40, 10), bool)
    mask[2:22, 2:22, 2:8], mask[35:37, 35:37, 2:4] = True, True
    numbers, lesions = find_lesions(mask, (1.0, 1.0, 1.0))
    assert [(lesion.number, lesion.size_group) for lesion in lesions] == [(1, ">10 mm"), (2, "<3 mm")]
    assert [round(1000 * lesion.volume_ml) for lesion in lesions] == [2400, 8]
    assert numbers[35, 35, 2] == 2
    assert np.array_equal(numbers > 0, mask)


@pytest.mark.parametrize(("gap", "n_lesions"), [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_crumbs_close_to_a_tumor_are_part_of_it(gap, n_lesions):
    mask = np.zeros((20, 3, 3), bool)
    mask[2:6], mask[6 + gap] = True, True
    assert len(find_lesions(mask, (1.0, 1.0, 1.0))[1]) == n_lesions


def test_slices_thicker_than_the_gap_still_touch():
    mask = np.ones((3, 3, 4), bool)
    assert len(find_lesions(mask, (1.0, 1.0, 6.0))[1]) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(1.0, 1.0, 1.0), (0.5, 1.0, 3.0)]), st.permutations([0, 1, 2]))
def test_lesions_do_not_depend_on_the_order_of_axes_and_slices(seed, spacing, order):
    mask = np.random.default_rng(seed).random((18, 16, 14)) < 0.01
    mask[5, 5, 5] = True
    turned = mask[::-1, :, ::-1].transpose(order)
    one = find_lesions(mask, spacing)[1]
    other = find_lesions(turned, tuple(spacing[axis] for axis in order))[1]
    assert [lesion.volume_ml for lesion in one] == pytest.approx([lesion.volume_ml for lesion in other])
    assert sum(lesion.volume_ml for lesion in one) == pytest.approx(mask.sum() * np.prod(spacing) / 1000)
    assert [lesion.volume_ml for lesion in one] == sorted((lesion.volume_ml for lesion in one), reverse=True)


def test_an_empty_mask_is_an_error():
    with pytest.raises(VolumeError):
        find_lesions(np.zeros((3, 3, 3), bool), (1.0, 1.0, 1.0))
