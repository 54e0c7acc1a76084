# SPDX-License-Identifier: Apache-2.0
import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import CalibrationError, RegistrationError, VolumeError
from lessgad.preparation.pair import PreparedPair, carry_labels, prepare_pair
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume

ALIGNED = PreparationSettings(alignment="aligned")
AFFINE = np.diag([1.5, 1.5, 3.0, 1.0])


@pytest.fixture(scope="module")
def scans(tiny: ModuleType) -> tuple[Volume, Volume, np.ndarray]:
    t1, t1ce, labels = tiny.head(1)
    return Volume(t1, tiny.AFFINE), Volume(t1ce, tiny.AFFINE), labels


@pytest.fixture(scope="module")
def pair(scans: tuple[Volume, Volume, np.ndarray]) -> PreparedPair:
    return prepare_pair(scans[0], scans[1], ALIGNED)


def test_aligned_pair_is_not_moved(pair: PreparedPair, scans):
    np.testing.assert_array_equal(pair.pre_contrast, scans[0].array)
    np.testing.assert_array_equal(pair.registered, scans[1].array)
    np.testing.assert_array_equal(pair.transform.matrix, np.eye(4))


def test_aligned_pair_needs_no_itk(pair: PreparedPair, scans, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "itk", None)  # importing it raises
    again = prepare_pair(scans[0], scans[1], ALIGNED)
    np.testing.assert_array_equal(again.normalized_standard_dose, pair.normalized_standard_dose)


def test_both_ends_are_on_one_scale(pair: PreparedPair, scans):
    unlabeled = pair.head & (scans[2] == 0)
    ratio = np.median(pair.normalized_standard_dose[unlabeled] + 1) / np.median(
        pair.normalized_pre_contrast[unlabeled] + 1
    )
    assert ratio == pytest.approx(1, abs=0.1)


def test_normalized_images_are_what_the_maps_say(pair: PreparedPair):
    even = pair.registered * pair.gain.over(pair.registered.shape)
    np.testing.assert_array_equal(pair.calibrated, pair.to_pre_contrast.apply(even))
    np.testing.assert_array_equal(pair.normalized_standard_dose, pair.normalization.apply(pair.calibrated))
    np.testing.assert_array_equal(pair.normalized_pre_contrast, pair.normalization.apply(pair.pre_contrast))
    for image in (pair.normalized_pre_contrast, pair.normalized_standard_dose):
        assert image.dtype == np.float32
        assert -1 <= image.min() < image.max() <= 1


def test_tumor_is_brighter_with_contrast(pair: PreparedPair, scans):
    tumor = scans[2] > 0
    assert np.median((pair.normalized_standard_dose - pair.normalized_pre_contrast)[tumor]) > 0.2
    assert pair.clipped_fraction(tumor) <= 0.001


def test_head_box_holds_the_head(pair: PreparedPair):
    inside = np.zeros_like(pair.head)
    inside[pair.head_box.slices] = True
    assert pair.head.any()
    assert (inside | ~pair.head).all()


@pytest.mark.parametrize("factor", [0.01, 7.0, 1000.0])
def test_scale_of_the_standard_dose_does_not_matter(pair: PreparedPair, scans, factor: float):
    scaled = scans[1].with_array(scans[1].array * np.float32(factor))
    other = prepare_pair(scans[0], scaled, ALIGNED)
    np.testing.assert_allclose(other.normalized_standard_dose, pair.normalized_standard_dose, atol=0.01)


def test_paper_calibration_can_be_asked_for(pair: PreparedPair, scans):
    peaks = prepare_pair(scans[0], scans[1], PreparationSettings(alignment="aligned", calibration="peaks"))
    assert peaks.to_pre_contrast != pair.to_pre_contrast


def test_two_grids_are_refused(scans):
    moved = scans[1].affine.copy()
    moved[2, 3] += 1.0
    with pytest.raises(VolumeError, match=r"not on one grid, as alignment: aligned requires"):
        prepare_pair(scans[0], Volume(scans[1].array, moved), ALIGNED)


def test_smaller_image_is_refused(scans):
    with pytest.raises(VolumeError, match="40×48×9 voxels"):
        prepare_pair(scans[0], Volume(scans[1].array[:, :, :9], scans[1].affine), ALIGNED)


def test_pair_that_is_not_aligned_although_it_was_said(scans):
    with pytest.raises(RegistrationError):
        prepare_pair(scans[0], scans[1].with_array(np.roll(scans[1].array, 5, axis=1)), ALIGNED)


def test_image_of_noise_is_refused(scans):
    noise = np.random.default_rng(0).normal(100, 1, scans[0].array.shape).astype(np.float32)
    with pytest.raises((RegistrationError, CalibrationError)):
        prepare_pair(scans[0], scans[1].with_array(noise), ALIGNED)


# The truth of carried labels: look up, voxel by voxel, the nearest voxel of the mask.


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_labels_are_carried_by_nearest_neighbor(seed: int):
    rng = np.random.default_rng(seed)
    mask = Volume(rng.integers(0, 4, (6, 7, 5)).astype(np.int32), np.diag([1.0, 2.0, 1.5, 1.0]))
    grid = Volume(np.zeros((5, 6, 4), np.float32), AFFINE)
    angles, shift = rng.uniform(-0.5, 0.5, 3), rng.uniform(-3, 3, 3)
    transform = RigidTransform.from_elastix([3.0, 5.0, 4.0], [*angles, *shift], compute_zyx=False)
    carried = carry_labels(mask, grid, transform)
    assert carried.dtype == np.int32
    for index in np.ndindex(*grid.array.shape):
        there = np.linalg.solve(mask.affine, transform.matrix @ grid.affine @ [*index, 1])[:3]
        if np.abs(there - np.floor(there) - 0.5).min() < 1e-6:
            continue  # exactly between two voxels
        nearest = np.rint(there).astype(int)
        inside = ((nearest >= 0) & (nearest < mask.array.shape)).all()
        assert carried[index] == (mask.array[tuple(nearest)] if inside else 0)


def test_labels_carried_by_a_known_shift():
    labels = np.zeros((6, 6, 6), np.int32)
    labels[3, 2, 4] = 7
    matrix = np.eye(4)
    matrix[:3, 3] = (1.0, -1.0, 2.0)  # a point of the T1 lies there in the T1ce
    carried = carry_labels(
        Volume(labels, np.eye(4)), Volume(np.zeros((6, 6, 6), np.float32), np.eye(4)), RigidTransform(matrix)
    )
    assert np.argwhere(carried).tolist() == [[2, 3, 2]]
    assert carried[2, 3, 2] == 7


def test_labels_stay_where_nothing_moves():
    labels = Volume(np.arange(60, dtype=np.int32).reshape(3, 4, 5), AFFINE)
    np.testing.assert_array_equal(carry_labels(labels, labels, RigidTransform.identity()), labels.array)
