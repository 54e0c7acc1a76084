# SPDX-License-Identifier: Apache-2.0
"""Rotation and translation between two scans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.errors import RegistrationError
from lessgad.volume import Affine

_RIGID_TOLERANCE = 1e-6
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """Maps points of the fixed image to points of the moving image, both in RAS+ millimeters.

    x_moving = R · x_fixed + t, with R a rotation. It says where in the moving image the value of a voxel of
    the fixed grid is found, as elastix and ITK have it.

    Attributes:
        matrix: [[R, t], [0, 1]].

    Raises:
        RegistrationError: The matrix is not rigid.
    """

    matrix: Affine

    def __post_init__(self) -> None:
        rotation = self.matrix[:3, :3]
        off = max(np.abs(rotation @ rotation.T - np.eye(3)).max(), np.abs(self.matrix[3] - [0, 0, 0, 1]).max())
        if not off <= _RIGID_TOLERANCE or np.linalg.det(rotation) < 0:
            raise RegistrationError(
                f"The matrix {np.round(self.matrix, 4).tolist()} is not a rotation with a translation"
            )

    @classmethod
    def identity(cls) -> RigidTransform:
        """Make the transform that leaves every point in place."""
        return cls(np.eye(4))

    @classmethod
    def from_elastix(
        cls, center_mm: Sequence[float], parameters: Sequence[float], *, compute_zyx: bool
    ) -> RigidTransform:
        """Read an Euler transform of elastix (ITK's Euler3DTransform).

            x ↦ R · (x − c) + c + t, in LPS+;  R = Rz·Rx·Ry, or Rz·Ry·Rx with `compute_zyx`

        Args:
            center_mm: c, the center of rotation, LPS+ mm.
            parameters: Angles about x, y, z in radians, then t in mm.
            compute_zyx: The order of the rotations.

        Returns:
            The transform.
        """
        center = np.asarray(center_mm, dtype=np.float64)
        about_x, about_y, about_z = (_rotation(axis, parameters[axis]) for axis in range(3))
        rotation = about_z @ about_y @ about_x if compute_zyx else about_z @ about_x @ about_y
        lps = np.eye(4)
        lps[:3, :3] = rotation
        lps[:3, 3] = center + np.asarray(parameters[3:6], dtype=np.float64) - rotation @ center
        return cls(LPS_TO_RAS @ lps @ LPS_TO_RAS)

    @classmethod
    def from_list(cls, rows: object) -> RigidTransform:
        """Read what `to_list` wrote.

        Args:
            rows: Rows of the matrix.

        Returns:
            The transform.

        Raises:
            RegistrationError: It is not a 4×4 rigid matrix.
        """
        try:
            matrix = np.array(rows, dtype=np.float64)
        except (TypeError, ValueError):
            matrix = np.empty(0)
        if matrix.shape != (4, 4):
            raise RegistrationError(f"{rows!r} is not a 4×4 matrix of numbers")
        return cls(matrix)

    def to_list(self) -> list[list[float]]:
        """Give the matrix as rows of plain numbers for JSON; nothing is rounded."""
        return [[float(value) for value in row] for row in self.matrix]

    def inverse(self) -> RigidTransform:
        """Give the transform from the moving image back to the fixed one."""
        rotation = self.matrix[:3, :3].T
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = -rotation @ self.matrix[:3, 3]
        return RigidTransform(matrix)

    def compose(self, first: RigidTransform) -> RigidTransform:
        """Give the transform that applies `first` and then this one."""
        return RigidTransform(self.matrix @ first.matrix)

    @property
    def rotation_deg(self) -> float:
        """Angle of the rotation about its axis, 0–180°."""
        # From |R − 1| = 2√2 · sin(angle/2): unlike the trace, it is exact for small angles.
        chord = np.linalg.norm(self.matrix[:3, :3] - np.eye(3)) / (2 * math.sqrt(2))
        return math.degrees(2 * math.asin(min(1.0, float(chord))))

    @property
    def translation_mm(self) -> tuple[float, float, float]:
        """How far the origin of the scanner's coordinates moves along x, y, z, in mm."""
        x, y, z = self.matrix[:3, 3]
        return float(x), float(y), float(z)


def _rotation(axis: int, angle_rad: float) -> Float[np.ndarray, "3 3"]:
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[one, one] = matrix[other, other] = math.cos(angle_rad)
    matrix[one, other], matrix[other, one] = -math.sin(angle_rad), math.sin(angle_rad)
    return matrix
