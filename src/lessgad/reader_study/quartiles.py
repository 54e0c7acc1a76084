# SPDX-License-Identifier: Apache-2.0
"""Median and quartiles of steps of a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

METHOD: Literal["averaged_inverted_cdf"] = "averaged_inverted_cdf"


@dataclass(frozen=True)
class Quartiles:
    """Median and interquartile range.

    Attributes:
        median: Half of the answers are at most this.
        q1: A quarter.
        q3: Three quarters.
    """

    median: float
    q1: float
    q3: float


def quartiles(steps: Float[np.ndarray, " answers"]) -> Quartiles:
    """Compute median and quartiles.

    A quantile is a step that was answered, or, where exactly a share of the answers ends at one, the middle between it
    and the next (Hyndman & Fan's type 2, the default of SAS): steps of a scale have no tenths to interpolate.

    Source: Hyndman & Fan, The American Statistician 1996.

    Args:
        steps: Steps of the scale.

    Returns:
        The three values; NaN without answers.
    """
    if not len(steps):
        return Quartiles(float("nan"), float("nan"), float("nan"))
    q1, median, q3 = np.quantile(steps, [0.25, 0.5, 0.75], method=METHOD)
    return Quartiles(float(median), float(q1), float(q3))
