# SPDX-License-Identifier: Apache-2.0
"""Parameters that no scanner of heads has: most often milliseconds or gauss where seconds and tesla are meant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from lessgad.errors import CohortError

_MS, _GAUSS, _MHZ_PER_T = 1e-3, 1e-4, 42.577
#: Lowest and highest value of T1-weighted scans of a head, and factors by which people are off. Zero says nothing.
_LIMITS: dict[str, tuple[float, float, tuple[float, ...]]] = {
    "MagneticFieldStrength": (0.02, 12.0, (_GAUSS, _MS, 0.1, 1 / _MHZ_PER_T)),
    "EchoTime": (5e-5, 0.5, (_MS, 1e-6)),
    "RepetitionTime": (5e-4, 12.0, (_MS, 1e-6)),
    "InversionTime": (0.01, 6.0, (_MS, 1e-6)),
    "RepetitionTimeExcitation": (5e-4, 1.0, (_MS, 1e-6)),
    "RepetitionTimePreparation": (0.1, 15.0, (_MS, 1e-6)),
    "FlipAngle": (2.0, 180.0, (180 / math.pi,)),
}
#: No T1-weighted scan that is not prepared by an inversion waits longer; a prepared one lasts a few seconds.
LONGEST_TR_UNPREPARED_S = 4.0
_USUAL_FIELDS_T = (0.55, 1.0, 1.5, 3.0, 7.0)
_UNITS = {"MagneticFieldStrength": "T", "FlipAngle": "°"}


def check_limits(values: Mapping[str, float | None], *, is_prepared: bool, image: Path) -> None:
    """Raise CohortError for a parameter that no scanner has, with what was meant where a unit explains it.

    Args:
        values: Numbers of the sidecar by their BIDS names: seconds, tesla, degrees.
        is_prepared: Whether an inversion precedes the excitations.
        image: Image to which the sidecar belongs.

    Raises:
        CohortError: A value outside the limits, or an echo after the repetition.
    """
    for name, (lowest, highest, factors) in _LIMITS.items():
        value = values.get(name)
        if not value:
            continue
        if name == "RepetitionTime" and not is_prepared:
            highest = LONGEST_TR_UNPREPARED_S
        if not lowest <= value <= highest:
            raise _impossible(name, value, lowest, highest, factors, image)
    echo, repetition = values.get("EchoTime"), values.get("RepetitionTime")
    if echo and repetition and echo >= repetition:
        raise CohortError(
            f"The EchoTime of this image ({echo:g} s) is not below its RepetitionTime ({repetition:g} s)",
            path=image,
            remedy="Correct its sidecar; both times are in seconds",
        )


def _impossible(
    name: str, value: float, lowest: float, highest: float, factors: tuple[float, ...], image: Path
) -> CohortError:
    unit = _UNITS.get(name, "s")
    meant = [value * factor for factor in factors if lowest <= value * factor <= highest]
    if name == "MagneticFieldStrength":
        meant.sort(key=lambda field: min(abs(math.log(field / usual)) for usual in _USUAL_FIELDS_T))
    remedy = f"Did you mean {meant[0]:.3g}?" if meant else "Correct its sidecar"
    return CohortError(
        f"The {name} of this image is {value:g}; it must lie between {lowest:g} and {highest:g} {unit}",
        path=image,
        remedy=remedy,
    )
