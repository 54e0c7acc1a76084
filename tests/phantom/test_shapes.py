# SPDX-License-Identifier: Apache-2.0
"""Tubes, ellipsoids, noise and warps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import zoom

from lessgad.phantom.shapes import ellipsoid, smooth_noise, stretch, tube
from lessgad.phantom.warp import draw_warp, rigid


@settings(deadline=None)
@given(st.floats(4, 14), st.floats(4, 14), st.floats(4, 14), st.floats(-90, 90))
def test_volume_of_an_ellipsoid(a, b, c, yaw):
    _, inside = ellipsoid((0.2, -20.4, -40.1), (a, b, c), yaw)
    assert inside.sum() == pytest.approx(4 / 3 * np.pi * a * b * c, rel=0.06)


def test_volume_of_a_tube():
    _, inside = tube([(-20.0, 0.0, -30.0), (20.0, 10.0, -35.0)], 5.0)
    length = np.linalg.norm([40.0, 10.0, 5.0])
    assert inside.sum() == pytest.approx(np.pi * 25 * length + 4 / 3 * np.pi * 125, rel=0.03)


def test_stretch_is_linear_interpolation_between_corners():
    coarse = np.random.default_rng(0).standard_normal((4, 5, 3)).astype(np.float32)
    expected = zoom(coarse.astype(float), (13 / 4, 9 / 5, 7 / 3), order=1, grid_mode=False)
    np.testing.assert_allclose(stretch(coarse, (13, 9, 7)), expected, atol=1e-5)


def test_noise_has_unit_sd_and_the_grain_asked_for():
    noise = smooth_noise(np.random.default_rng(0), (60, 60, 60), 10.0)
    assert noise.std() == pytest.approx(1, abs=1e-3)
    neighbors = np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]
    far = np.corrcoef(noise[:-30].ravel(), noise[30:].ravel())[0, 1]
    assert neighbors > 0.95
    assert abs(far) < 0.3


@given(st.integers(0, 10_000), st.sampled_from(["M", "F"]))
def test_a_warp_is_undone_and_never_folds(seed, sex):
    warp = draw_warp(np.random.default_rng(seed), sex)
    points = np.random.default_rng(1).uniform(-80, 80, (50, 3))
    np.testing.assert_allclose(warp.to_patient(warp(points)), points, atol=1e-4)
    step = 0.01
    jacobian = np.stack([(warp(points + step * axis) - warp(points)) / step for axis in np.eye(3)], axis=-1)
    determinant = np.linalg.det(jacobian)
    assert determinant.min() > 0.5
    assert determinant.max() < 3


@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3), st.lists(st.floats(-9, 9), min_size=3, max_size=3))
def test_a_rigid_motion_keeps_distances(degrees, shift):
    matrix = rigid(np.array(degrees), np.array(shift))
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
