# SPDX-License-Identifier: Apache-2.0
"""The rules by which series get their role: shipped as import_rules.yaml, changed by a YAML file of the user."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from lessgad.dose_fraction import check_dose
from lessgad.errors import DoseError, SettingsError
from lessgad.settings import Settings

Role = Literal["pre_contrast", "standard_dose", "low_dose", "t2", "skip"]
SHIPPED = "import_rules.yaml"
_SEPARATORS = re.compile(r"[_.\s]+|(?<=\w)-(?=\w)")


class SpinEchoT1(Settings):
    """Spin echoes that are T1-weighted.

    Attributes:
        longest_tr: Longest TR in ms.
        longest_te: Longest TE in ms.
    """

    longest_tr: float
    longest_te: float


class GradientEchoT1(Settings):
    """Gradient echoes that are T1-weighted.

    Attributes:
        longest_te: Longest TE in ms.
        smallest_flip_deg: Smallest flip angle in degrees.
    """

    longest_te: float
    smallest_flip_deg: float


class T2Weighted(Settings):
    """Spin echoes that are T2-weighted.

    Attributes:
        shortest_tr: Shortest TR in ms.
        shortest_te: Shortest TE in ms.
    """

    shortest_tr: float
    shortest_te: float


class SeriesDecision(Settings):
    """Decision of the user about series that meet all given conditions.

    Attributes:
        role: What they are.
        dose: Fraction of the standard dose, for the role low_dose.
        description: Regular expression for SeriesDescription.
        protocol: Regular expression for ProtocolName.
        number: SeriesNumber.
        patient: PatientID.
        study_date: First digits of the time of acquisition, YYYYMMDD.
    """

    role: Role
    dose: float | None = None
    description: str | None = None
    protocol: str | None = None
    number: int | None = None
    patient: str | None = None
    study_date: str | None = Field(default=None, pattern=r"^\d{4,8}$")

    @field_validator("description", "protocol")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        return None if value is None else _checked_pattern(value)

    @model_validator(mode="after")
    def _is_whole(self) -> SeriesDecision:
        if (self.role == "low_dose") != (self.dose is not None):
            raise ValueError("a dose must be given with role: low_dose, and with no other role")
        if self.dose is not None:
            try:
                if check_dose(self.dose) in (0, 1):
                    raise ValueError("a low dose must lie between 0 and 1")
            except DoseError as error:
                raise ValueError(str(error)) from error
        if all(v is None for v in (self.description, self.protocol, self.number, self.patient, self.study_date)):
            raise ValueError("a decision needs a condition: description, protocol, number, patient or study_date")
        return self


class ImportRules(Settings):
    """All rules; import_rules.yaml explains each."""

    skip: tuple[str, ...]
    t1: tuple[str, ...]
    t2: tuple[str, ...]
    contrast: tuple[str, ...]
    no_contrast: tuple[str, ...]
    low_dose: tuple[str, ...]
    some_low_dose: tuple[str, ...]
    spin_echo_t1: SpinEchoT1
    gradient_echo_t1: GradientEchoT1
    t2_weighted: T2Weighted
    standard_mmol_per_kg: float = Field(gt=0)
    standard_from: float = Field(gt=0, le=1)
    standard_by_weight_from: float = Field(gt=0, le=1)
    series: tuple[SeriesDecision, ...]

    @field_validator("skip", "t1", "t2", "contrast", "no_contrast", "low_dose", "some_low_dose")
    @classmethod
    def _are_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked_pattern(pattern) for pattern in value)


def find(patterns: tuple[str, ...], words: str) -> re.Match[str] | None:
    """Find the first pattern that matches a description; separators count as a blank.

    Args:
        patterns: Regular expressions.
        words: The text to search.

    Returns:
        The match; None without one.
    """
    text = _SEPARATORS.sub(" ", words)
    return next((found for found in (_compiled(pattern).search(text) for pattern in patterns) if found), None)


def read_rules(path: Path | None = None) -> ImportRules:
    """Read the shipped rules, changed by those of a YAML file.

    Args:
        path: The file; None for the defaults alone.

    Returns:
        The rules.

    Raises:
        SettingsError: The file is not YAML, names an unknown key, or a value is not of its kind.
    """
    import yaml

    shipped: dict[str, Any] = yaml.safe_load((files("lessgad.dicom") / SHIPPED).read_text(encoding="utf-8"))
    if path is None:
        return ImportRules.model_validate(shipped)
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"The rules are not valid YAML ({error})", path=path) from error
    if not isinstance(own, dict):
        raise SettingsError(
            f"The rules are a {type(own).__name__} at the top; they must be settings by name", path=path
        )
    try:
        return ImportRules.model_validate({**shipped, **own})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"The rules are not valid at {where}: {first['msg']}", path=path) from error


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _checked_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression ({error})") from error
    return pattern
