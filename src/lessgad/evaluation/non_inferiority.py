# SPDX-License-Identifier: Apache-2.0
"""How the verdicts on endpoints and doses are put together without a correction for the number of tests.

*All endpoints* of a dose must pass, each at the same level without correction: a dose that is worse in any one of them
passes with at most the probability with which that one passes (intersection–union test; Berger, Technometrics 1982).
*Doses* are taken from high to low, and the first that fails ends the row (fixed sequence; Maurer, Hothorn & Lehmacher
1995). That needs no correction either: for any dose that is not good enough to be accepted, the highest such dose must
be, in one test at the level.
"""

from __future__ import annotations

from collections.abc import Mapping

_SAME = 1e-12  # relative; a value that equals the margin up to rounding keeps it


def keeps_margin(value: float, margin: float, *, larger_is_better: bool) -> bool:
    """Say whether a value is on the good side of a margin, or on it up to rounding; NaN never is.

    Args:
        value: The value.
        margin: The margin.
        larger_is_better: Whether larger values are better.

    Returns:
        True if it is.
    """
    beyond = value - margin if larger_is_better else margin - value
    tolerance = _SAME * max(abs(margin), abs(value)) if abs(value) < float("inf") else 0.0
    return bool(beyond >= -tolerance)


def lowest_in_sequence(passed: Mapping[float, bool]) -> float | None:
    """Lowest dose that passed with every higher one; None where the highest failed or there is none."""
    lowest = None
    for dose in sorted(passed, reverse=True):
        if not passed[dose]:
            break
        lowest = dose
    return lowest
