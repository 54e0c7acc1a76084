# SPDX-License-Identifier: Apache-2.0
"""How one patient's head differs from the template: size, asymmetry, and a small smooth deformation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

CENTER_MM = np.array([0.0, -12.0, -30.0])  # MNI; the origin of a patient's own coordinates


@dataclass(frozen=True, eq=False)
class Warp:
    """From a patient's own coordinates to those of the template; smooth and one to one.

    Attributes:
        scale: Template mm per patient mm along x, y, z; above 1, for ICBM152 is larger than most heads.
        amplitudes_mm: Displacement of each mode along x, y, z, mm.
        wave_per_mm: Wave vector of each mode, rad/mm.
        phases: Phase of each mode, rad.
    """

    scale: Float[np.ndarray, "3"]
    amplitudes_mm: Float[np.ndarray, "mode 3"]
    wave_per_mm: Float[np.ndarray, "mode 3"]
    phases: Float[np.ndarray, " mode"]

    def __call__(self, patient_mm: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 3"]:
        """Map points, mm, to template coordinates, mm."""
        waves = np.sin(patient_mm @ self.wave_per_mm.T + self.phases)
        return patient_mm * self.scale + CENTER_MM + waves @ self.amplitudes_mm

    def to_patient(self, template_mm: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 3"]:
        """Invert the warp by fixed-point iteration, to well below 0.01 mm.

        Args:
            template_mm: Points in the template, in mm, (points, 3).

        Returns:
            Points in the patient, in mm, (points, 3).
        """
        patient = (template_mm - CENTER_MM) / self.scale
        for _ in range(30):
            patient = patient + (template_mm - self(patient)) / self.scale
        return patient


def draw_warp(rng: np.random.Generator, sex: str) -> Warp:
    """Draw a head: about 9 % smaller than the template, men larger than women by 3 %, modes of 70–150 mm wavelength.

    Args:
        rng: Random generator.
        sex: Sex of the patient.

    Returns:
        The warp.
    """
    size = 0.91 + (0.012 if sex == "M" else -0.018) + rng.normal(0, 0.015) + rng.normal(0, 0.012, 3)
    n_modes = 6
    directions = rng.standard_normal((n_modes, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    waves = directions * (2 * np.pi / rng.uniform(70, 150, (n_modes, 1)))
    return Warp(1 / size, rng.normal(0, 0.9, (n_modes, 3)), waves, rng.uniform(0, 2 * np.pi, n_modes))


def rigid(rotation_degrees: Float[np.ndarray, "3"], shift_mm: Float[np.ndarray, "3"]) -> Float[np.ndarray, "4 4"]:
    """Make the matrix of a rotation about x, y and z, in this order, followed by a shift.

    Args:
        rotation_degrees: Rotation about x, y and z, in degrees.
        shift_mm: Shift along x, y and z, in mm.

    Returns:
        The 4×4 matrix.
    """
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", rotation_degrees, degrees=True).as_matrix()
    matrix[:3, 3] = shift_mm
    return matrix
