# SPDX-License-Identifier: Apache-2.0
"""How an image was acquired, from its BIDS sidecars."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessgad.cohort.bids import entities
from lessgad.errors import CohortError


@dataclass(frozen=True)
class Acquisition:
    """Parameters of one scan; None where the sidecar does not say.

    Attributes:
        field_strength_t: In tesla.
        echo_time_ms: TE.
        repetition_time_ms: TR.
        inversion_time_ms: TI.
        flip_angle_rad: Flip angle.
        scanning_sequence: DICOM codes, e.g. ``("GR", "IR")``.
        contrast_agent: ContrastBolusIngredient; an absent tag never means "pre-contrast".
    """

    field_strength_t: float | None = None
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_rad: float | None = None
    scanning_sequence: tuple[str, ...] = ()
    contrast_agent: str | None = None


def read_acquisition(image: Path, root: Path) -> Acquisition:
    """Read the sidecars of an image: its own, and those it inherits from folders above (BIDS, inheritance principle).

    Args:
        image: A NIfTI file inside `root`.
        root: The BIDS folder.

    Raises:
        CohortError: A sidecar that is not JSON, or a parameter that is not a number.
    """
    fields: dict[str, Any] = {}
    own = entities(image)
    folders = [folder for folder in (image.parent, *image.parents[1:]) if folder.is_relative_to(root)]
    for folder in reversed(folders):
        sidecars = [path for path in folder.glob("*T1w.json") if entities(path).items() <= own.items()]
        for sidecar in sorted(sidecars, key=lambda path: len(entities(path))):
            fields |= _read_json(sidecar)
    echo, repetition, inversion = (
        _number(fields, key, image) for key in ("EchoTime", "RepetitionTime", "InversionTime")
    )
    flip_angle_deg = _number(fields, "FlipAngle", image)
    sequence = fields.get("ScanningSequence") or ()
    codes = sequence.replace("\\", "_").split("_") if isinstance(sequence, str) else sequence
    return Acquisition(
        field_strength_t=_number(fields, "MagneticFieldStrength", image),
        echo_time_ms=_ms(echo),
        repetition_time_ms=_ms(repetition),
        inversion_time_ms=_ms(inversion),
        flip_angle_rad=None if flip_angle_deg is None else math.radians(flip_angle_deg),
        scanning_sequence=tuple(str(code) for code in codes),
        contrast_agent=fields.get("ContrastBolusIngredient"),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CohortError("a JSON sidecar", f"something else ({error})", path) from error
    if not isinstance(content, dict):
        raise CohortError("a JSON object", type(content).__name__, path)
    return content


def _number(fields: dict[str, Any], key: str, image: Path) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CohortError(f"a number for {key}", repr(value), image, "Repair its sidecar")
    return float(value)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
