# SPDX-License-Identifier: Apache-2.0
"""The strongest simple restoration: the difference to the T1, averaged by one Gaussian in three dimensions, scaled up.

    T1 + λ · g · G_w[low − T1]

w and λ are tuned at each dose on validation patients. g is 1/β, or what the dose curve of the sequence says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from lessgad.field.gaussian_averages import TRUNCATE, gaussian_averages, scanned
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
    return scaled_averages(pre_contrast, low_dose, dose, facts, (width_mm,), numbers)[0]


def scaled_averages(
    pre_contrast: Float[np.ndarray, "z y x"],
    low_dose: Float[np.ndarray, "z y x"],
    dose: float,
    facts: ScanFacts,
    widths_mm: Sequence[float],
    numbers: Sequence[int] | None = None,
    part: tuple[slice, slice] = (slice(None), slice(None)),
) -> Float[np.ndarray, "w n u v"]:
    """Compute `scaled_average` for several widths; what does not depend on the width is computed once.

    Args:
        pre_contrast: T1 on [−1, 1], slices first.
        low_dose: The low dose, on the same grid and scale.
        dose: β, fraction of the standard dose.
        facts: Slice spacing, noise and dose curve.
        widths_mm: w of each result.
        numbers: Slice numbers, from 0; None for all.
        part: Rows and columns of the result.

    Returns:
        The scaled enhancement of that part, width by width; 0 at dose 0.
    """
    chosen = range(len(pre_contrast)) if numbers is None else numbers
    t1, low = (np.asarray(image, np.float32) - np.float32(BACKGROUND) for image in (pre_contrast, low_dose))
    difference = scan_difference(t1, low, facts.sigma_low_dose, facts.sigma_pre_contrast)
    inside = scanned(t1, difference)
    around, within = _with_margin(part, t1.shape[1:], facts, max(*widths_mm, LEVEL_MM))
    t1, difference = (np.ascontiguousarray(image[:, *around]) for image in (t1, difference))
    inside = None if inside is None else inside[:, *around]
    if facts.curve is None:
        gain = full_dose_gain(np.zeros(1, np.float32), np.ones(1, np.float32), dose, replace(facts, saturation=0.0))
        return gain * gaussian_averages(difference, facts.spacing_mm, chosen, widths_mm, inside)[..., *within]
    *averages, level = gaussian_averages(difference, facts.spacing_mm, chosen, (*widths_mm, LEVEL_MM), inside)
    signal = gaussian_averages(t1, facts.spacing_mm, chosen, (1.0,))[0]
    gain = full_dose_gain(level[:, *within], signal[:, *within], dose, facts)
    return np.stack([gain * average[:, *within] for average in averages])


def _with_margin(
    part: tuple[slice, slice], shape: tuple[int, ...], facts: ScanFacts, widest_mm: float
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Give the rows and columns that an average of a part depends on, and where the part lies in these."""
    around, within = [], []
    for one, n, mm in zip(part, shape, facts.spacing_mm[1:], strict=True):
        start, stop, _ = one.indices(n)
        first, last = (
            edge + sign * (math.ceil(TRUNCATE * widest_mm / mm) + 1) for edge, sign in ((start, -1), (stop, 1))
        )
        around.append(slice(max(first, 0), min(last, n)))
        within.append(slice(start - max(first, 0), stop - max(first, 0)))
    return (around[0], around[1]), (within[0], within[1])
