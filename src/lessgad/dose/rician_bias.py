# SPDX-License-Identifier: Apache-2.0
"""How much brighter noise makes one magnitude image than another of the same tissue."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.dose.even_table import EvenTable
from lessgad.dose.noise import rician_mean

_STEPS_PER_SIGMA, _MOST_STEPS = 100, 100_000


def rician_bias_difference(
    magnitude: Float[np.ndarray, "*shape"], sigma: float, sigma_pre_contrast: float
) -> Float[np.ndarray, "*shape"]:
    """Compute the difference of the Rician biases of a low dose and of its T1.

        b(σ) − b(σ₀),  b(σ) = E[M | A] − A, about σ²/2A for A ≫ σ

    Times 1/β it would pass for enhancement: 0.01 of [−1, 1] at 10 %, σ₀ ≪ σ = 0.03 and a signal of 13 σ.

    Args:
        magnitude: A, true zero at 0; negative values are taken for 0.
        sigma: σ of the low dose, in the same unit.
        sigma_pre_contrast: σ₀ of the T1; where either is 0 (unknown) they are taken for equal.

    Returns:
        The difference, right to 1e-5 σ (float64); 0 where either σ is 0.

    Source: Gudbjartsson and Patz, MRM 1995.
    """
    if sigma <= 0 or sigma_pre_contrast <= 0:
        return np.zeros(magnitude.shape)
    amplitude = np.maximum(magnitude, 0.0)
    highest = float(amplitude.max(initial=0.0))
    step = max(min(sigma, sigma_pre_contrast) / _STEPS_PER_SIGMA, highest / _MOST_STEPS)
    known = np.arange(int(highest / step) + 2) * step
    table = EvenTable(0.0, step, rician_mean(known, sigma) - rician_mean(known, sigma_pre_contrast))
    return table.at(amplitude)
