# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import ndimage

from lessgad.preparation.resampling import resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume, in_transverse_order


def smooth_volume(shape=(30, 34, 20), seed=0, spacing_mm=(1.0, 1.2, 2.5)):
    array = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2.5).astype(np.float32)
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = [-14, -20, -25]
    return Volume(100 * array + 50, affine)


def shifted(x_mm, y_mm, z_mm):
    matrix = np.eye(4)
    matrix[:3, 3] = x_mm, y_mm, z_mm
    return RigidTransform(matrix)


@pytest.mark.parametrize("interpolation", ["cubic", "linear", "nearest"])
def test_nothing_to_do_changes_no_bit(interpolation):
    volume = smooth_volume()
    result = resample(volume, volume, RigidTransform.identity(), interpolation)
    assert np.array_equal(result.array, volume.array)
    assert result.array.dtype == np.float32


@pytest.mark.parametrize("interpolation", ["cubic", "linear", "nearest"])
def test_whole_voxel_shift_is_a_shift(interpolation):
    volume = smooth_volume()
    result = resample(volume, volume, shifted(2.0, -1.2, 5.0), interpolation, outside=-7.0).array
    assert np.allclose(result[:-2, 1:, :-2], volume.array[2:, :-1, 2:], atol=1e-3)
    assert (result[-2:] == -7).all()
    assert (result[:, :1] == -7).all()
    assert (result[:, :, -2:] == -7).all()


def test_axis_order_of_either_grid_does_not_matter():
    volume = smooth_volume()
    flipped_affine = volume.affine.copy()
    flipped_affine[:3, 2] *= -1
    flipped_affine[:3, 3] += volume.affine[:3, 2] * (volume.array.shape[2] - 1)
    flipped = Volume(volume.array[:, :, ::-1].transpose(1, 2, 0), flipped_affine[:, [1, 2, 0, 3]])
    transform = RigidTransform.from_elastix([1.0, 2.0, 3.0], [0.1, -0.05, 0.2, 1.0, -2.0, 3.0], compute_zyx=False)
    expected = resample(volume, volume, transform, "cubic")
    one = resample(flipped, volume, transform, "cubic")
    other = in_transverse_order(resample(volume, flipped, transform, "cubic"))
    assert np.allclose(one.array, expected.array, atol=1e-4)
    assert np.allclose(other.array, expected.array, atol=1e-4)


def test_there_and_back_again():
    volume = smooth_volume(spacing_mm=(1.0, 1.0, 1.0))
    transform = RigidTransform.from_elastix([0.0, 0.0, 0.0], [0.05, -0.03, 0.04, 0.3, -0.6, 0.4], compute_zyx=False)
    there = resample(volume, volume, transform, "cubic")
    back = resample(there, volume, transform.inverse(), "cubic").array
    inner = (slice(6, -6),) * 3
    assert np.abs(back[inner] - volume.array[inner]).max() < 0.02 * np.ptp(volume.array)


def test_cubic_adds_no_value_that_was_not_there():
    array = np.zeros((20, 20, 20), np.float32)
    array[6:14, 6:14, 6:14] = 1000
    volume = Volume(array, np.eye(4))
    result = resample(volume, volume, shifted(0.5, 0.3, 0.7), "cubic", outside=0.0).array
    assert result.min() == 0
    assert result.max() == 1000


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int16, bool])
def test_labels_keep_their_type_and_values(dtype):
    labels = (3 * (np.random.default_rng(3).random((16, 17, 18)) < 0.3)).astype(dtype)
    volume = Volume(labels, np.diag([1.0, 1.0, 2.0, 1.0]))
    result = resample(
        volume,
        volume,
        RigidTransform.from_elastix([8.0, 8.0, 8.0], [0.1, 0.0, 0.2, 1.0, 0.0, 0.0], compute_zyx=True),
        "nearest",
    )
    assert result.array.dtype == dtype
    assert set(np.unique(result.array)) <= set(np.unique(labels))
    assert result.array.any()


def test_rounding_errors_lose_no_border_slice():
    volume = smooth_volume()
    transform = shifted(1e-7, -1e-7, 1e-7)
    for interpolation in ("cubic", "linear", "nearest"):
        result = resample(volume, volume, transform, interpolation, outside=-1e6).array
        assert np.allclose(result, volume.array, atol=1e-2)


def test_nothing_in_common_is_all_outside():
    volume = smooth_volume()
    assert (resample(volume, volume, shifted(1000, 0, 0), "cubic", outside=-3.0).array == -3).all()


@pytest.mark.parametrize("background", [0.0, 1e-3])
def test_nothing_rings_where_a_skull_strip_left_nothing(background):
    whole = smooth_volume((40, 40, 20))
    places = np.indices(whole.array.shape) - np.array([20, 20, 10])[:, None, None, None]
    brain = (places**2).sum(axis=0) < 8**2
    stripped = whole.with_array(np.where(brain, whole.array + 500, background).astype(np.float32))
    found = resample(stripped, whole, shifted(0.4, 0.3, 0.6), "cubic").array
    shift = np.array([0.4, 0.3, 0.6]) / [1.0, 1.2, 2.5]
    spline = ndimage.shift(stripped.array, -shift, order=3, mode="nearest")
    far = ~ndimage.binary_dilation(brain, np.ones((3, 3, 3)), iterations=2)
    assert np.abs(spline[far] - background).max() > 0.1, "a spline rings"
    if background == 0:
        assert not found[far].any()
    near = ndimage.binary_dilation(brain)
    np.testing.assert_allclose(
        found[near], np.clip(spline[near], background, stripped.array.max()), rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize(("interpolation", "order"), [("cubic", 3), ("linear", 1), ("nearest", 0)])
@pytest.mark.parametrize("n_threads", [1, 2, 3, 50])
def test_it_interpolates_as_scipy_does_with_any_number_of_threads(interpolation, order, n_threads):
    volume = smooth_volume()
    volume.array[:, :, :4] = 0  # nothing is interpolated in the lowest slices
    volume.array[:8] = 0
    transform = RigidTransform.from_elastix([1.0, 2.0, 3.0], [0.1, -0.05, 0.2, 1.0, -2.0, 3.0], compute_zyx=False)
    found = resample(volume, volume, transform, interpolation, n_threads=n_threads).array
    matrix = np.linalg.inv(volume.affine) @ transform.matrix @ volume.affine
    expected = ndimage.affine_transform(volume.array, matrix[:3, :3], matrix[:3, 3], order=order, mode="nearest")
    shown = found != 0
    assert shown.mean() > 0.3
    within = np.clip(expected, volume.array.min(), volume.array.max())
    np.testing.assert_allclose(found[shown], within[shown], rtol=1e-5, atol=1e-4)
    alone = resample(volume, volume, transform, interpolation).array
    np.testing.assert_array_equal(found, alone)
