# SPDX-License-Identifier: Apache-2.0
"""Bring a scan onto the grid of another of the same head, or see that it lies there already."""

from __future__ import annotations

import numpy as np

from lessgad.preparation.alignment import LOWEST_INFORMATION, check_alignment
from lessgad.preparation.registration import RegisteredScan, registered
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume, check_same_grid


def register_and_resample(
    fixed: Volume,
    moving: Volume,
    settings: PreparationSettings,
    n_threads: int = 1,
    lowest_information: float = LOWEST_INFORMATION,
) -> RegisteredScan:
    """Register one scan to another (rigid, mutual information, cubic), or check that they are aligned, as set.

    Args:
        fixed: Fixed scan in transverse order.
        moving: Moving scan in transverse order, on any grid.
        settings: Whether to register.
        n_threads: Number of threads of the registration.
        lowest_information: Least mutual information of the scans, as in `check_alignment`.

    Returns:
        The scan on the grid of the other one, with the transform, their alignment and what it covers.

    Raises:
        RegistrationError: The two could not be brought into alignment, or are not although it was said.
        VolumeError: They are said to be aligned and are on two grids.
    """
    if settings.alignment == "register":
        return registered(fixed, moving, "cubic", n_threads=n_threads, lowest_information=lowest_information)
    check_same_grid(moving, fixed, "The two images are not on one grid, as alignment: aligned requires")
    quality = check_alignment(fixed, moving, lowest_information)
    return RegisteredScan(RigidTransform.identity(), moving, quality, np.ones(fixed.array.shape, dtype=bool))
