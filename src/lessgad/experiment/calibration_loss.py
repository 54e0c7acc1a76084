# SPDX-License-Identifier: Apache-2.0
"""How much of a tumor's enhancement the calibration takes for shading, as the preparation of the study recorded it."""

from __future__ import annotations

import json
import math
from pathlib import Path

RECORDED = "enhancement_lost_to_calibration"


def lost_to_calibration(description: Path) -> float:
    """Read the share of the tumor's enhancement that the calibration of a study takes away.

    Args:
        description: The description of the prepared study.

    Returns:
        The share, below 0 if the calibration adds to the enhancement; NaN without a tumor mask, with another
        calibration than `smooth`, or if the description does not record the share or cannot be read.
    """
    try:
        share = json.loads(description.read_text(encoding="utf-8")).get(RECORDED)
    except (OSError, ValueError, AttributeError):
        return math.nan
    return float(share) if isinstance(share, int | float) else math.nan


def lost_in_words(share: float) -> str:
    """Say the share in one sentence; nothing if it is unknown.

    Args:
        share: The share, or NaN.

    Returns:
        A sentence, or an empty string.
    """
    if math.isnan(share):
        return ""
    if abs(share) < 5e-4:
        return "The calibration changes the tumor's enhancement by less than 0.1 %."
    verb = "takes away" if share >= 0 else "adds"
    return f"The calibration {verb} an estimated {abs(100 * share):.1f} % of the tumor's enhancement."
