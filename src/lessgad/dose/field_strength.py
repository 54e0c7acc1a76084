# SPDX-License-Identifier: Apache-2.0
"""Field strengths that T1 and relaxivity are known at, and which of them stands for that of a scan."""

from __future__ import annotations

from typing import Literal

from lessgad.cohort.acquisition import Acquisition

KnownField = Literal["1.5 T", "3 T"]
BORDER_T = 2.25
LOWEST_T, HIGHEST_T = 1.0, 3.5


def known_field(field_strength_t: float) -> KnownField:
    """Say which known field is nearer; T1 and relaxivity are both taken from it, at 2.25 T those of 3 T."""
    return "1.5 T" if field_strength_t < BORDER_T else "3 T"


def field_cautions(acquisition: Acquisition) -> tuple[str, ...]:
    """Warn of a field strength at which T1 and relaxivity differ from the known ones.

    Args:
        acquisition: Acquisition parameters of the scan.

    Returns:
        At most one line.
    """
    field = acquisition.field_strength_t
    if not field or LOWEST_T <= field <= HIGHEST_T:
        return ()
    return (
        f"the scan was made at {field:g} T; low doses are simulated with T1 and relaxivity of {known_field(field)}",
    )
