# SPDX-License-Identifier: Apache-2.0
"""The difference of a low dose and its T1, without what their noise makes of it.

    d = low − T1 − (b(σ) − b(σ₀))

b is the bias of a Rician magnitude. Where the low dose is noisier than the T1, tissue is brighter in it without any
contrast: at 10 % of the dose and an SNR of 20 by 1 % of the signal of tissue, 3 % where the signal is a third of that.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.dose.rician_bias import rician_bias_difference


def scan_difference(
    pre_contrast: Float[np.ndarray, "z y x"],
    low_dose: Float[np.ndarray, "z y x"],
    sigma_low_dose: float,
    sigma_pre_contrast: float,
) -> Float[np.ndarray, "z y x"]:
    """Subtract the T1 from a low dose, and the difference of their Rician biases.

    Args:
        pre_contrast: T1, true zero at 0.
        low_dose: The low dose, on the same grid and scale.
        sigma_low_dose: σ of the low dose, in the unit of the images.
        sigma_pre_contrast: σ₀ of the T1; where either is 0 (unknown) nothing is subtracted.

    Returns:
        The difference, float32. Where the low dose is exactly 0 (not scanned), it is −T1, bit for bit.
    """
    difference = np.asarray(low_dose - pre_contrast, np.float32)
    if sigma_low_dose <= 0 or sigma_pre_contrast <= 0:
        return difference
    bias = rician_bias_difference(pre_contrast, sigma_low_dose, sigma_pre_contrast)
    return np.where(low_dose == 0, difference, difference - bias.astype(np.float32))
