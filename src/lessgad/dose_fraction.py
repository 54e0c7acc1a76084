# SPDX-License-Identifier: Apache-2.0
"""Doses as fractions of the standard dose, and how file names spell them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from lessgad.errors import DoseError

_LABEL = re.compile(r"dose(\d+)(?:p(\d+))?")


def check_dose(dose: float) -> float:
    """Return `dose` if it is a fraction of the standard dose, 0 ≤ dose ≤ 1.

    Args:
        dose: Any number.

    Returns:
        The dose as a float, 0–1.

    Raises:
        DoseError: It is not; a value that looks like per cent gets a suggestion.
    """
    if math.isfinite(dose) and 0 <= dose <= 1:
        return float(dose) + 0.0  # −0 becomes 0
    looks_like_percent = math.isfinite(dose) and 1 < dose <= 100
    remedy = f"Did you mean {dose / 100:g}?" if looks_like_percent else None
    raise DoseError(
        f"The dose is {dose:g}; it must lie between 0 and 1 (a fraction of the standard dose)", remedy=remedy
    )


def dose_label(dose: float) -> str:
    """Spell a dose as in file names: 0.1 → ``dose10``, 0.125 → ``dose12p5``."""
    percent = f"{round(100 * check_dose(dose), 6):.6f}".rstrip("0").rstrip(".")
    return "dose" + percent.replace(".", "p")


def different_doses(doses: Iterable[float]) -> tuple[float, ...]:
    """Check the doses of a setting, and put them in order.

    Args:
        doses: Fractions of the standard dose.

    Returns:
        The same, rising.

    Raises:
        ValueError: One is outside 0–1, or two have the same label; pydantic names the key.
    """
    try:
        checked = tuple(sorted(check_dose(dose) for dose in doses))
    except DoseError as error:
        raise ValueError(str(error)) from error
    if len({dose_label(dose) for dose in checked}) != len(checked):
        raise ValueError("a dose is named twice")
    return checked


def dose_from_label(label: str) -> float:
    """Read what `dose_label` wrote.

    Args:
        label: For example ``dose12p5``.

    Returns:
        The dose, 0–1.

    Raises:
        DoseError: The label is not of that form, or of more than the standard dose.
    """
    match = _LABEL.fullmatch(label)
    dose = float(f"{match[1]}.{match[2] or 0}e-2") if match is not None else math.nan
    if not dose <= 1:
        raise DoseError(f"{label!r} is not a dose label such as dose10 or dose12p5")
    return dose


def percent(dose: float) -> str:
    """Spell a dose for people: 0.1 → ``10 %``."""
    return f"{round(100 * dose, 6):g} %"
