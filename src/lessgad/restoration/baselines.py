# SPDX-License-Identifier: Apache-2.0
"""Restorations that need no training; every result is compared with them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.dose_fraction import check_dose
from lessgad.errors import DoseError


def subtract_and_scale(
    pre_contrast: Float[np.ndarray, "*shape"], low_dose: Float[np.ndarray, "*shape"], dose: float
) -> Float[np.ndarray, "*shape"]:
    """Scale the measured enhancement up to the full dose.

        T1 + (low − T1) / β

    Exact for a linear, noise-free low dose; with independent noise of SD σ on both images it has noise of
    σ·√(1/β² + (1 − 1/β)²): 13.5 σ at 10 %, 4.1 σ at 30 %.

    Args:
        pre_contrast: T1, any shape and unit.
        low_dose: Low dose on the same grid and scale.
        dose: β, 0 < β ≤ 1.

    Returns:
        The scaled image, on the scale of the input.

    Raises:
        DoseError: β is 0, where nothing was measured, or outside 0–1.
    """
    if check_dose(dose) == 0:
        raise DoseError("An enhancement cannot be scaled up from dose 0")
    return pre_contrast + (low_dose - pre_contrast) / np.asarray(dose, dtype=low_dose.dtype)
