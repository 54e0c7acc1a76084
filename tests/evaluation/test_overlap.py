# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from lessgad.evaluation.overlap import overlap

CUBE = (1.0, 1.0, 1.0)


def plainly(one, other, spacing):
    """The definitions, with SciPy on the whole grid: Dice, HD95, ASD."""
    surfaces = []
    for mask in (one, other):
        padded = np.pad(mask, 1)
        surfaces.append((padded & ~ndimage.binary_erosion(padded))[1:-1, 1:-1, 1:-1])
    distances = [ndimage.distance_transform_edt(~surfaces[1 - k], sampling=spacing)[surfaces[k]] for k in (0, 1)]
    dice = 2 * (one & other).sum() / (one.sum() + other.sum())
    hd95 = max(np.percentile(distance, 95) for distance in distances)
    return dice, hd95, np.concatenate(distances).mean()


def filled(shape, *boxes):
    mask = np.zeros(shape, dtype=bool)
    for box in boxes:
        mask[tuple(slice(*ends) for ends in box)] = True
    return mask


@st.composite
def pairs(draw):
    shape = draw(st.tuples(*[st.integers(2, 9)] * 3))
    masks = [draw(npst.arrays(bool, shape, elements=st.booleans())) for _ in range(2)]
    for mask in masks:
        mask[tuple(draw(st.integers(0, n - 1)) for n in shape)] = True
    return (*masks, draw(st.tuples(*[st.sampled_from([0.4, 0.7, 1.0, 1.5, 3.0])] * 3)))


@settings(max_examples=100, deadline=None)
@given(pairs())
def test_as_a_plain_implementation_says(pair):
    one, other, spacing = pair
    found = overlap(one, other, spacing)
    dice, hd95_mm, asd_mm = plainly(one, other, spacing)
    assert (found.dice, found.asd_mm) == pytest.approx((dice, asd_mm), rel=1e-5, abs=1e-6)
    # MONAI finds the place of the percentile, 0.95·(n − 1), in float32: it errs by at most 2⁻²³ of n between two
    # distances that are at most the diagonal apart.
    diagonal_mm = math.hypot(*(n * mm for n, mm in zip(one.shape, spacing, strict=True)))
    assert found.hd95_mm == pytest.approx(hd95_mm, rel=1e-5, abs=2**-23 * one.size * diagonal_mm)


@settings(max_examples=20, deadline=None)
@given(pairs())
def test_symmetric_but_for_the_volume(pair):
    one, other, spacing = pair
    there, back = overlap(one, other, spacing), overlap(other, one, spacing)
    assert (there.dice, there.hd95_mm, there.asd_mm) == pytest.approx((back.dice, back.hd95_mm, back.asd_mm))
    assert there.volume_error_ml == pytest.approx(-back.volume_error_ml)


@settings(max_examples=20, deadline=None)
@given(pairs())
def test_a_larger_grid_changes_nothing(pair):
    one, other, spacing = pair
    around = [np.pad(mask, ((3, 0), (0, 5), (2, 2))) for mask in (one, other)]
    assert vars(overlap(*around, spacing)) == pytest.approx(vars(overlap(one, other, spacing)), nan_ok=True)


# Hand-computed. 1: one voxel against itself.
def test_the_same_voxel():
    mask = filled((3, 3, 3), ((1, 2), (1, 2), (1, 2)))
    found = overlap(mask, mask, CUBE)
    assert (found.dice, found.hd95_mm, found.asd_mm) == (1, 0, 0)
    assert (found.volume_ml, found.volume_error_ml) == (pytest.approx(0.001), 0)


# 2: two voxels three apart along z, 2 mm each: both distances are 6 mm.
def test_two_voxels_apart():
    one, other = filled((1, 1, 5), ((0, 1), (0, 1), (0, 1))), filled((1, 1, 5), ((0, 1), (0, 1), (3, 4)))
    found = overlap(one, other, (1.0, 1.0, 2.0))
    assert (found.dice, found.hd95_mm, found.asd_mm) == (0, pytest.approx(6), pytest.approx(6))


# 3: two voxels against the first of them, 3 mm apart: distances 0 and 3 one way, 0 the other;
#    P95 of {0, 3} is 2.85, ASD (0 + 3 + 0) / 3 = 1; Dice 2·1 / (2 + 1).
def test_a_voxel_too_many():
    one, other = filled((2, 1, 1), ((0, 2), (0, 1), (0, 1))), filled((2, 1, 1), ((0, 1), (0, 1), (0, 1)))
    found = overlap(one, other, (3.0, 1.0, 1.0))
    assert found.dice == pytest.approx(2 / 3)
    assert (found.hd95_mm, found.asd_mm) == (pytest.approx(2.85), pytest.approx(1))
    assert found.volume_error_ml == pytest.approx(0.003)


# 4: a cube of 3³ against its middle voxel: of 26 surface voxels 6 are 1 away, 12 √2, 8 √3; the way back is 1.
#    P95 of the 26 is √3; ASD (6 + 12√2 + 8√3 + 1) / 27; Dice 2 / 28.
def test_a_cube_and_its_middle():
    cube, middle = filled((5, 5, 5), *[((1, 4),) * 3]), filled((5, 5, 5), *[((2, 3),) * 3])
    found = overlap(cube, middle, CUBE)
    assert found.dice == pytest.approx(2 / 28)
    assert found.hd95_mm == pytest.approx(math.sqrt(3))
    assert found.asd_mm == pytest.approx((6 + 12 * math.sqrt(2) + 8 * math.sqrt(3) + 1) / 27)


# 5: bars of 4 voxels, shifted by one of 0.5 mm: the way there 0.5, 0, 0, 0, and the same back;
#    P95 of {0, 0, 0, 0.5} is 0.425; ASD 1 / 8; Dice 6 / 8.
def test_shifted_bars():
    one, other = filled((1, 5, 1), ((0, 1), (0, 4), (0, 1))), filled((1, 5, 1), ((0, 1), (1, 5), (0, 1)))
    found = overlap(one, other, (1.0, 0.5, 1.0))
    assert (found.dice, found.hd95_mm, found.asd_mm) == pytest.approx((0.75, 0.425, 0.125))
    assert found.volume_error_ml == 0


def test_empty_masks():
    nothing, voxel = filled((3, 3, 3)), filled((3, 3, 3), *[((0, 1),) * 3])
    for found, volume in ((overlap(voxel, nothing, CUBE), 0.001), (overlap(nothing, voxel, CUBE), 0)):
        assert found.dice == 0
        assert found.volume_ml == pytest.approx(volume)
        assert math.isnan(found.hd95_mm)
        assert math.isnan(found.asd_mm)
    neither = overlap(nothing, nothing, CUBE)
    assert math.isnan(neither.dice)
    assert (neither.volume_ml, neither.volume_error_ml) == (0, 0)
