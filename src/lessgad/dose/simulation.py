# SPDX-License-Identifier: Apache-2.0
"""Which simulation an experiment uses, and the one door to it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.dose.linear import mix
from lessgad.settings import Settings


class SimulationSettings(Settings):
    """How a low-dose image is made from the pair.

    Attributes:
        model: `linear`: the paper's mix of the two end points.
        noise: `none`: as in the paper; the mix even averages noise away.
    """

    model: Literal["linear"] = "linear"
    noise: Literal["none"] = "none"


def simulate_low_dose(
    pre_contrast: Float[np.ndarray, "*shape"],
    standard_dose: Float[np.ndarray, "*shape"],
    dose: float,
    settings: SimulationSettings,
) -> Float[np.ndarray, "*shape"]:
    """Simulate what a scan at `dose` would have shown, from normalised end points on one grid.

    Raises:
        DoseError: `dose` is outside 0–1.
    """
    del settings  # one model so far; the choice is made here and nowhere else
    return mix(pre_contrast, standard_dose, dose)
