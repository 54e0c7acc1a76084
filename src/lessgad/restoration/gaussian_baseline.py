# SPDX-License-Identifier: Apache-2.0
"""The strongest simple restoration: the difference to the T1, averaged by one Gaussian in three dimensions, scaled up.

    T1 + λ · g · G_w[low − T1]

w and λ are tuned at each dose on validation patients. g is 1/β, or what the dose curve of the sequence says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from lessgad.field.gaussian_averages import gaussian_averages, scanned
from lessgad.field.measured_enhancement import BACKGROUND, ScanFacts, full_dose_gain
from lessgad.field.scan_difference import scan_difference

WIDTHS_MM = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0)
LEVEL_MM = 1.6  # width of the average that g is read at


def scaled_average(
    pre_contrast: Float[np.ndarray, "z y x"],
    low_dose: Float[np.ndarray, "z y x"],
    dose: float,
    facts: ScanFacts,
    width_mm: float,
    numbers: Sequence[int] | None = None,
) -> Float[np.ndarray, "n y x"]:
    """Compute g · G_w[low − T1] of some slices.

    Args:
        pre_contrast: T1 on [−1, 1], slices first.
        low_dose: The low dose, on the same grid and scale.
        dose: β, fraction of the standard dose.
        facts: Slice spacing, noise and dose curve.
        width_mm: w, SD of the Gaussian; 0 averages nothing.
        numbers: Slice numbers, from 0; None for all.

    Returns:
        The scaled enhancement, (n, y, x); 0 at dose 0.
    """
    chosen = range(len(pre_contrast)) if numbers is None else numbers
    t1, low = (np.asarray(image, np.float32) - np.float32(BACKGROUND) for image in (pre_contrast, low_dose))
    difference = scan_difference(t1, low, facts.sigma_low_dose, facts.sigma_pre_contrast)
    inside = scanned(t1, difference)
    if facts.curve is None:
        gain = full_dose_gain(np.zeros(1, np.float32), np.ones(1, np.float32), dose, replace(facts, saturation=0.0))
        return gain * gaussian_averages(difference, facts.spacing_mm, chosen, (width_mm,), inside)[0]
    average, level = gaussian_averages(difference, facts.spacing_mm, chosen, (width_mm, LEVEL_MM), inside)
    signal = gaussian_averages(t1, facts.spacing_mm, chosen, (1.0,))[0]
    return full_dose_gain(level, signal, dose, facts) * average
