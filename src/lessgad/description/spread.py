# SPDX-License-Identifier: Apache-2.0
"""Median and range of a list of numbers, in words."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence


def one_decimal(value: float) -> str:
    """Spell a number with one decimal."""
    return f"{value:.1f}"


def two_digits(value: float) -> str:
    """Spell a number with two significant digits, as the paper spells in-plane spacing: 0.37, 1.0."""
    return f"{value:#.2g}".rstrip(".")


def whole_or_one_decimal(value: float) -> str:
    """Write a whole number without decimals, and any other number with one decimal."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


def median_and_range(values: Sequence[float], spell: Callable[[float], str]) -> str:
    """Write ``median (lowest–highest)``; only the median if all values look the same, n/a without values.

    Args:
        values: The values.
        spell: Writes a value as text.

    Returns:
        The text.
    """
    if not values:
        return "n/a"
    low, high = spell(min(values)), spell(max(values))
    median = spell(statistics.median(values))
    return median if low == high else f"{median} ({low}–{high})"
