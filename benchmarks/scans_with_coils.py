# SPDX-License-Identifier: Apache-2.0
"""A generated patient's scans with the coil sensitivity of each, which the scanner draws and does not keep."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import numpy as np

from lessgad.phantom import scanner
from lessgad.phantom.patient import draw_patient, scan_patient


def scan_with_coils(
    number: int, seed: int, low_doses: Sequence[float]
) -> tuple[scanner.ScannedSession, dict[float, np.ndarray]]:
    """Scan the first session of a patient.

    Args:
        number: Number of the patient, from 1.
        seed: Seed of the cohort.
        low_doses: Doses besides 0 and 1, as fractions of the standard dose.

    Returns:
        The study, and the relative sensitivity in each voxel of the scan at each dose.
    """
    fields: list[np.ndarray] = []
    sensitivity = scanner.coil_sensitivity

    def noted(shape: tuple[int, int, int], weights: np.ndarray) -> np.ndarray:
        fields.append(sensitivity(shape, weights))
        return fields[-1]

    with patch.object(scanner, "coil_sensitivity", noted):
        study = scan_patient(draw_patient(number, seed), low_doses)[0]
    return study, dict(zip((0.0, 1.0, *low_doses), fields, strict=False))
