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

_REPAIR = "Repair its sidecar"


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
        CohortError: A sidecar that is not JSON, or a parameter that is not of its kind.
    """
    fields: dict[str, Any] = {}
    own = entities(image)
    folders = [folder for folder in (image.parent, *image.parents[1:]) if folder.is_relative_to(root)]
    for folder in reversed(folders):
        sidecars = [path for path in folder.glob("*T1w.json") if _applies(path, own)]
        for sidecar in sorted(sidecars, key=lambda path: len(entities(path))):
            fields |= _read_json(sidecar)
    echo, repetition, inversion = (
        _number(fields, key, image) for key in ("EchoTime", "RepetitionTime", "InversionTime")
    )
    flip_angle_deg = _number(fields, "FlipAngle", image)
    return Acquisition(
        field_strength_t=_number(fields, "MagneticFieldStrength", image),
        echo_time_ms=_ms(echo),
        repetition_time_ms=_ms(repetition),
        inversion_time_ms=_ms(inversion),
        flip_angle_rad=None if flip_angle_deg is None else math.radians(flip_angle_deg),
        scanning_sequence=_codes(fields.get("ScanningSequence"), image),
        contrast_agent=_words(fields.get("ContrastBolusIngredient"), image),
    )


def _applies(sidecar: Path, own: dict[str, str]) -> bool:
    """Whether a file is a sidecar (not the ``._`` twin that macOS leaves) and names nothing that the image does not."""
    is_sidecar = sidecar.name == "T1w.json" or (sidecar.name.endswith("_T1w.json") and sidecar.name[0] != ".")
    return is_sidecar and entities(sidecar).items() <= own.items()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise CohortError("a JSON sidecar", f"something else ({error})", path) from error
    if not isinstance(content, dict):
        raise CohortError("a JSON object", type(content).__name__, path)
    return content


def _number(fields: dict[str, Any], key: str, image: Path) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise CohortError(f"a number for {key}", repr(value), image, _REPAIR)
    return float(value)


def _codes(value: object, image: Path) -> tuple[str, ...]:
    r"""``GR\IR`` as DICOM, ``GR_IR`` as dcm2niix, or a list."""
    if value is None:
        return ()
    codes = value.replace("\\", "_").split("_") if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise CohortError("codes for ScanningSequence", repr(value), image, _REPAIR)
    return tuple(code.strip() for code in codes if code.strip())


def _words(value: object, image: Path) -> str | None:
    if value is not None and not isinstance(value, str):
        raise CohortError("words for ContrastBolusIngredient", repr(value), image, _REPAIR)
    return value


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
