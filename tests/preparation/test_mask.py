# SPDX-License-Identifier: Apache-2.0
import itertools
from pathlib import Path

import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from lessgad.errors import StudyError, VolumeError
from lessgad.preparation.mask import Mask, carried_mask, check_inside_head, check_labels, read_mask
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume, in_transverse_order, write_volume

T1 = Volume(np.zeros((8, 9, 6), np.float32), np.diag([1.0, 1.0, 2.0, 1.0]))
EVERYWHERE = np.ones(T1.array.shape, bool)
CORE = {"core": (1,)}
T1CE = Volume(np.zeros((10, 9, 6), np.float32), np.diag([-1.0, 1.0, 2.0, 1.0]))


def mask_file(folder: Path, grid: Volume) -> Path:
    labels = np.zeros(grid.array.shape, np.uint8)
    labels[2:4, 3:5, 2] = 1
    write_volume(folder / "mask_dseg.nii.gz", grid.with_array(labels))
    return folder / "mask_dseg.nii.gz"


@pytest.mark.parametrize(("grid", "on_standard_dose"), [(T1, False), (T1CE, True)])
def test_without_a_space_the_grid_decides(tmp_path: Path, grid: Volume, on_standard_dose: bool) -> None:
    assert read_mask(mask_file(tmp_path, grid), None, T1, T1CE).on_standard_dose is on_standard_dose


def test_of_two_images_on_one_grid_the_t1_is_meant(tmp_path: Path) -> None:
    assert not read_mask(mask_file(tmp_path, T1), None, T1, T1).on_standard_dose


@pytest.mark.parametrize(("space", "grid", "on_standard_dose"), [("T1w", T1, False), ("T1ce", T1CE, True)])
def test_the_space_decides(tmp_path: Path, space: str, grid: Volume, on_standard_dose: bool) -> None:
    assert read_mask(mask_file(tmp_path, grid), space, T1, T1CE).on_standard_dose is on_standard_dose


@pytest.mark.parametrize(("space", "grid"), [("T1w", T1CE), ("T1ce", T1), ("cerebellum", T1), ("MNI152", T1)])
def test_a_space_that_does_not_fit_is_refused(tmp_path: Path, space: str, grid: Volume) -> None:
    with pytest.raises(StudyError, match="mask_dseg"):
        read_mask(mask_file(tmp_path, grid), space, T1, T1CE)


def test_a_third_grid_is_refused(tmp_path: Path) -> None:
    third = Volume(np.zeros((8, 9, 6), np.float32), np.diag([1.0, 1.0, 2.5, 1.0]))
    with pytest.raises(StudyError, match="not on the grid"):
        read_mask(mask_file(tmp_path, third), None, T1, T1CE)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", list(itertools.product((1, -1), repeat=3)))
def test_the_order_and_direction_of_axes_may_differ(tmp_path: Path, order, flips) -> None:
    """nnU-Net and ITK-SNAP store axes as they like; every voxel keeps its label and its place."""
    labels = np.zeros(T1.array.shape, np.uint8)
    labels[2:4, 3:5, 2], labels[6, 1, 4] = 1, 2
    axes = np.array([[axis, sign] for axis, sign in zip(order, flips, strict=True)], dtype=float)
    turned = apply_orientation(labels, axes)
    write_volume(tmp_path / "m_dseg.nii", Volume(turned, T1.affine @ inv_ornt_aff(axes, T1.array.shape)))
    mask = read_mask(tmp_path / "m_dseg.nii", None, T1, T1CE)
    assert not mask.on_standard_dose
    np.testing.assert_array_equal(mask.labels.array, labels)


def test_labels_must_exist_and_be_known(tmp_path: Path) -> None:
    mask = read_mask(mask_file(tmp_path, T1), None, T1, T1CE)
    check_labels(mask, {"core": (1,)}, (), tmp_path)
    check_labels(mask, {}, (1,), tmp_path)
    with pytest.raises(VolumeError, match="holds 1;"):
        check_labels(mask, {"core": (2,)}, (3,), tmp_path)


def test_a_probability_map_is_named_as_one(tmp_path: Path) -> None:
    """Its 200 values were listed one by one."""
    values = np.arange(T1.array.size).reshape(T1.array.shape) % 200
    mask = Mask(T1.with_array(values.astype(np.int32)), on_standard_dose=False)
    with pytest.raises(
        VolumeError, match=r"198 values that are no known label, from 2 to 199\. If it is a probability"
    ):
        check_labels(mask, {"core": (1,)}, (), tmp_path)


def test_a_mask_of_the_t1_stays_and_one_of_the_t1ce_is_carried(tmp_path: Path) -> None:
    of_t1 = read_mask(mask_file(tmp_path, T1), None, T1, T1CE)
    labels = carried_mask(of_t1, T1, RigidTransform.identity(), EVERYWHERE, CORE).labels
    np.testing.assert_array_equal(labels, of_t1.labels.array)
    of_t1ce = read_mask(mask_file(tmp_path, T1CE), None, T1, T1CE)
    to_the_right = np.eye(4)
    to_the_right[0, 3] = -5.0  # a point of the T1 lies 5 mm further left in the T1ce
    carried = carried_mask(of_t1ce, T1, RigidTransform(to_the_right), EVERYWHERE, CORE).labels
    expected = np.zeros(T1.array.shape, int)
    world_x = [-2.0, -3.0]  # where the T1ce, whose x runs backward, has its label
    for x in world_x:
        expected[int(x) + 5, 3:5, 2] = 1
    np.testing.assert_array_equal(carried, expected)
    assert in_transverse_order(T1).array.shape == carried.shape


def test_a_tumor_in_the_air_is_refused() -> None:
    head, tumor = np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), bool)
    head[:2], tumor[1:3, 1, 1] = True, True
    check_inside_head(tumor, head, None)
    tumor[3, 1, 1] = True
    with pytest.raises(StudyError, match="67% of the tumor lies outside the head"):
        check_inside_head(tumor, head, None)
