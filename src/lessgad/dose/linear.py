# SPDX-License-Identifier: Apache-2.0
"""The paper's simulation of a low dose: a linear mix of the two end points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.dose_fraction import check_dose


def mix(
    pre_contrast: Float[np.ndarray, "*shape"], standard_dose: Float[np.ndarray, "*shape"], dose: float
) -> Float[np.ndarray, "*shape"]:
    """Simulate a low-dose image from its end points.

        low(β) = (1 − β) · T1 + β · T1ce

    Dose 0 gives a copy of `pre_contrast` and dose 1 one of `standard_dose`, bit for bit. Both images must be on
    one grid and one intensity scale (registered, calibrated, normalized).

    Args:
        pre_contrast: T1, any shape and unit.
        standard_dose: T1ce, same shape and unit.
        dose: β, fraction of the standard dose, 0–1.

    Returns:
        The low-dose image, on the scale of the end points.

    Raises:
        DoseError: β is outside 0–1.

    Source: Chen et al., European Radiology 2025, "Low-dose simulation".
    """
    beta = np.asarray(check_dose(dose), dtype=pre_contrast.dtype)
    if beta in (0, 1):  # the sum would turn −0 into 0
        return (standard_dose if beta else pre_contrast).copy()
    return (1 - beta) * pre_contrast + beta * standard_dose
