# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lessgad.errors import RegistrationError
from lessgad.preparation.rigid_transform import RigidTransform

numbers = st.floats(-100, 100)
angles = st.floats(-3, 3)


@st.composite
def transforms(draw):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", [draw(angles) for _ in range(3)]).as_matrix()
    matrix[:3, 3] = [draw(numbers) for _ in range(3)]
    return RigidTransform(matrix)


@given(transforms())
def test_inverse_undoes(transform):
    for both in (transform.compose(transform.inverse()), transform.inverse().compose(transform)):
        assert np.allclose(both.matrix, np.eye(4), atol=1e-9)


@given(transforms(), transforms(), transforms())
def test_composition_is_associative_and_applies_first_first(one, two, three):
    left, right = one.compose(two).compose(three), one.compose(two.compose(three))
    assert np.allclose(left.matrix, right.matrix, atol=1e-9)
    point = np.array([3.0, -7.0, 11.0, 1.0])
    assert np.allclose(one.compose(two).matrix @ point, one.matrix @ (two.matrix @ point))


@given(transforms())
def test_json_keeps_every_digit(transform):
    again = RigidTransform.from_list(json.loads(json.dumps(transform.to_list())))
    assert np.array_equal(again.matrix, transform.matrix)


@given(st.floats(1e-6, 180), st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_angle_and_translation(angle_deg, axis, translation_mm):
    axis = np.array(axis) if np.linalg.norm(axis) > 1e-3 else np.array([0.0, 0.0, 1.0])
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.radians(angle_deg) * axis / np.linalg.norm(axis)).as_matrix()
    matrix[:3, 3] = translation_mm
    transform = RigidTransform(matrix)
    assert transform.rotation_deg == pytest.approx(angle_deg, abs=1e-5)
    assert transform.translation_mm == translation_mm


@given(st.tuples(angles, angles, angles), st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_elastix_convention(euler_rad, translation_mm, center_mm):
    """Against SciPy's Euler angles: extrinsic y, x, z is Rz·Rx·Ry; extrinsic x, y, z is Rz·Ry·Rx."""
    for compute_zyx, order in ((False, "yxz"), (True, "xyz")):
        in_order = [euler_rad["xyz".index(axis)] for axis in order]
        rotation = Rotation.from_euler(order, in_order)
        lps = np.array([5.0, -8.0, 13.0])
        expected_lps = rotation.apply(lps - center_mm) + np.array(center_mm) + translation_mm
        transform = RigidTransform.from_elastix(center_mm, [*euler_rad, *translation_mm], compute_zyx=compute_zyx)
        to_ras = np.array([-1, -1, 1])
        moved = transform.matrix @ np.append(to_ras * lps, 1)
        assert np.allclose(moved[:3], to_ras * expected_lps, atol=1e-9)


def test_identity():
    identity = RigidTransform.identity()
    assert (identity.rotation_deg, identity.translation_mm) == (0.0, (0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    "rows",
    [
        np.diag([1.1, 1, 1, 1]).tolist(),
        np.diag([-1.0, 1, 1, 1]).tolist(),
        np.eye(3).tolist(),
        [[1, 2], [3]],
        "nonsense",
        np.full((4, 4), np.nan).tolist(),
    ],
)
def test_what_is_not_rigid_is_refused(rows):
    with pytest.raises(RegistrationError):
        RigidTransform.from_list(rows)
