# SPDX-License-Identifier: Apache-2.0
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lessgad.errors import VolumeError
from lessgad.volume import (
    GRID_TOLERANCE_MM,
    Volume,
    check_same_grid,
    in_order_of,
    in_transverse_order,
    read_volume,
    same_grid,
    write_volume,
)

ORDERS = [
    (order, flips) for order in itertools.permutations(range(3)) for flips in itertools.product((1, -1), repeat=3)
]
SPACING_MM = (0.5, 0.9, 5.5)


def scan(affine: np.ndarray, shape: tuple[int, int, int] = (3, 4, 5)) -> Volume:
    """Every voxel differs, so that a swapped pair is seen."""
    return Volume(np.arange(np.prod(shape), dtype=np.float32).reshape(shape), affine)


def affine_of(order: tuple[int, ...], flips: tuple[int, ...], tilt: np.ndarray | None = None) -> np.ndarray:
    """Array axis a runs along world axis order[a], forwards or backwards, then everything is turned by `tilt`."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (world, sign) in enumerate(zip(order, flips, strict=True)):
        affine[world, axis] = sign * SPACING_MM[axis]
    affine[:3, :3] = (np.eye(3) if tilt is None else tilt) @ affine[:3, :3]
    affine[:3, 3] = (-80.1, 35.7, 12.9)
    return affine


tilts = st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(-20, 20)).map(
    lambda angles: Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
)
any_rotation = st.integers(0, 2**32 - 1).map(lambda seed: Rotation.random(random_state=seed).as_matrix())


def position(volume: Volume, index: tuple[int, ...]) -> np.ndarray:
    return volume.affine[:3, :3] @ index + volume.affine[:3, 3]


@pytest.mark.parametrize(("order", "flips"), ORDERS)
def test_every_axis_order_and_flip(order: tuple[int, ...], flips: tuple[int, ...]):
    volume = scan(affine_of(order, flips))
    transverse = in_transverse_order(volume)
    turned = transverse.affine[:3, :3]
    np.testing.assert_array_equal(turned, np.diag(np.diag(turned)))
    assert (np.diag(turned) > 0).all()  # to the right, to the front, to the head
    back = in_order_of(transverse, volume)
    np.testing.assert_array_equal(back.array, volume.array)
    np.testing.assert_array_equal(back.affine, volume.affine)
    assert back.array.flags.c_contiguous


@settings(deadline=None)
@given(st.sampled_from(ORDERS), tilts)
def test_oblique_scans_round_trip_and_every_voxel_stays_in_place(orders, tilt: np.ndarray):
    volume = scan(affine_of(*orders, tilt))
    transverse = in_transverse_order(volume)
    for index in itertools.product(*(range(n) for n in transverse.array.shape)):
        where = position(transverse, index)
        own = np.linalg.solve(volume.affine, [*where, 1])[:3]
        np.testing.assert_allclose(own, np.rint(own), atol=1e-6)
        assert volume.array[tuple(np.rint(own).astype(int))] == transverse.array[index]
    back = in_order_of(transverse, volume)
    np.testing.assert_array_equal(back.array, volume.array)
    np.testing.assert_array_equal(back.affine, volume.affine)


@settings(deadline=None)
@given(st.sampled_from(ORDERS), any_rotation)
def test_slices_are_those_closest_to_transverse(orders, rotation: np.ndarray):
    volume = scan(affine_of(*orders, rotation))
    direction = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    ours = in_transverse_order(volume).affine[:3, 2]
    assert ours[2] / np.linalg.norm(ours) == pytest.approx(np.abs(direction[2]).max())
    back = in_order_of(in_transverse_order(volume), volume)
    np.testing.assert_array_equal(back.array, volume.array)


@settings(deadline=None)
@given(st.sampled_from(ORDERS), tilts)
def test_agrees_with_nibabel_on_usual_scans(orders, tilt: np.ndarray):
    volume = scan(affine_of(*orders, tilt))
    canonical = nibabel.as_closest_canonical(nibabel.nifti1.Nifti1Image(volume.array, volume.affine))
    np.testing.assert_array_equal(in_transverse_order(volume).array, np.asarray(canonical.dataobj))


def test_reordering_copies_nothing():
    volume = scan(affine_of((2, 0, 1), (-1, 1, -1)))
    assert np.shares_memory(in_transverse_order(volume).array, volume.array)


def test_in_order_of_refuses_another_grid():
    volume = scan(affine_of((1, 0, 2), (1, -1, 1)))
    moved = Volume(volume.array, volume.affine + np.array([[0, 0, 0, 1.0]] + [[0.0] * 4] * 3))
    with pytest.raises(VolumeError):
        in_order_of(in_transverse_order(volume), moved)


@settings(deadline=None)
@given(any_rotation)
def test_spacing_does_not_depend_on_the_direction(rotation: np.ndarray):
    assert scan(affine_of((0, 1, 2), (1, 1, 1), rotation)).spacing_mm == pytest.approx(SPACING_MM)


@pytest.mark.parametrize(("shift_mm", "same"), [(0.0, True), (0.9 * GRID_TOLERANCE_MM, True), (0.02, False)])
def test_same_grid_up_to_a_hundredth_of_a_millimeter(shift_mm: float, same: bool):
    one = scan(np.eye(4))
    affine = np.eye(4)
    affine[1, 3] = shift_mm
    assert same_grid(one, scan(affine)) is same


def test_same_grid_looks_at_the_far_corner():
    one = scan(np.eye(4), (300, 2, 2))
    stretched = np.diag([1 + 1e-4, 1, 1, 1])
    assert not same_grid(one, scan(stretched, (300, 2, 2)))
    assert same_grid(scan(np.eye(4)), scan(stretched))


def test_grids_are_told_apart_in_words():
    with pytest.raises(VolumeError, match=r"3×4×5 voxels of 1×1×1 mm at \(0.0, 0.0, 0.0\) against 3×4×6 voxels"):
        check_same_grid(scan(np.eye(4)), scan(np.eye(4), (3, 4, 6)), "both on one grid")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@settings(deadline=None)
@given(st.sampled_from(ORDERS), tilts)
def test_file_round_trip(tmp_path_factory: pytest.TempPathFactory, suffix: str, orders, tilt: np.ndarray):
    path = tmp_path_factory.mktemp("volume") / f"a{suffix}"
    volume = Volume(
        np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32),
        affine_of(*orders, tilt).astype(np.float32).astype(np.float64),
    )
    write_volume(path, volume)
    again = read_volume(path)
    assert again.array.dtype == np.float32
    np.testing.assert_array_equal(again.array, volume.array)
    np.testing.assert_array_equal(again.affine, volume.affine)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_types_are_kept_on_disk(tmp_path: Path, dtype: type):
    array = np.arange(24, dtype=dtype).reshape(2, 3, 4)
    write_volume(tmp_path / "a.nii", Volume(array, np.eye(4)))
    assert nibabel.load(tmp_path / "a.nii").get_data_dtype() == dtype
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii").array, array.astype(np.float32))


@pytest.mark.parametrize("name", ["a", "a.img", "a.mgz", "a.nii.bz2"])
def test_a_name_that_cannot_be_read_back_is_refused(tmp_path: Path, name: str):
    with pytest.raises(VolumeError, match=r"does not end in \.nii or \.nii\.gz"):
        write_volume(tmp_path / name, Volume(np.zeros((2, 2, 2), np.float32), np.eye(4)))
    assert list(tmp_path.iterdir()) == []


def test_masks_become_bytes(tmp_path: Path):
    mask = np.zeros((2, 3, 4), dtype=bool)
    mask[0, 1, 2] = True
    write_volume(tmp_path / "a.nii.gz", Volume(mask, np.eye(4)))
    assert nibabel.load(tmp_path / "a.nii.gz").get_data_dtype() == np.uint8
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii.gz", labels=True).array, mask)


def test_plain_float32_is_mapped_not_loaded(tmp_path: Path):
    write_volume(tmp_path / "a.nii", scan(np.eye(4)))
    assert isinstance(read_volume(tmp_path / "a.nii").array, np.memmap)


def test_scale_of_the_header_is_applied(tmp_path: Path):
    image = nibabel.nifti1.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "a.nii")
    assert read_volume(tmp_path / "a.nii").array[1, 2, 3] == 0.5 * 23 + 10


def test_trailing_axes_of_one_are_dropped(tmp_path: Path):
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4, 1, 1)
    nibabel.save(nibabel.nifti1.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii.gz").array, array[..., 0, 0])
