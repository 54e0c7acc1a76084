# SPDX-License-Identifier: Apache-2.0
"""How the reader study is laid out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from lessgad.dose_fraction import different_doses
from lessgad.errors import SettingsError
from lessgad.settings import Settings

MAX_PANELS = 6


class ReaderStudySettings(Settings):
    """Design of a reader study. The defaults are the paper's: open, two doses, one reading of each case.

    Attributes:
        mode: ``open``: all images labeled, in one order for all. ``blinded``: the restored images are A, B, …; which
            dose is which letter, and where it stands, is drawn for every reader and case, and so is the order of cases.
        doses: Doses whose restored images are read.
        hidden_standard: Blinded: the standard dose is among the lettered images too, as the dose 1; says how often a
            reader finds fault with an image that is the reference itself.
        hidden_repeat: The same with a second scan at the standard dose in place of the reference itself, which says
            how much of what readers see is of the scanner. Only studies with a second scan are read.
        studies_per_patient: Largest number of studies of each test patient.
        max_cases: Largest number of cases: one of every patient before the second of any. None takes all.
        n_practice: Cases of validation patients that come first and do not count.
        sittings: Number of sittings over which the cases are distributed.
        repeat_share: Share of all cases that a reader sees a second time, a sitting later.
        washout_days: Least time between a reader's last answer of one sitting and the first of the next.
        seed: Seed of everything that is drawn.
    """

    mode: Literal["open", "blinded"] = "open"
    doses: tuple[float, ...] = Field(default=(0.1, 0.3), min_length=1)
    hidden_standard: bool = False
    hidden_repeat: bool = False
    studies_per_patient: int = Field(default=2, ge=1)
    max_cases: int | None = Field(default=None, ge=1)
    n_practice: int = Field(default=2, ge=0)
    sittings: int = Field(default=1, ge=1, le=10)
    repeat_share: float = Field(default=0.0, ge=0, le=0.5)
    washout_days: float = Field(default=14.0, ge=0)
    seed: int = Field(default=1, ge=0)

    @field_validator("doses")
    @classmethod
    def _fractions_once(cls, doses: tuple[float, ...]) -> tuple[float, ...]:
        checked = different_doses(doses)
        if checked[-1] == 1:
            raise ValueError(
                "the full dose is not restored; to show it among the images that are read, set hidden_standard: true"
            )
        return checked

    @model_validator(mode="after")
    def _can_be_done(self) -> ReaderStudySettings:
        if self.hidden_standard and self.hidden_repeat:
            raise ValueError("hidden_standard and hidden_repeat are both set; set one of them")
        if self.reads_standard and self.mode == "open":
            name = "hidden_repeat" if self.hidden_repeat else "hidden_standard"
            raise ValueError(f"{name} has no effect in mode open; set mode: blinded")
        if len(self.read_doses) + 2 > MAX_PANELS:
            raise ValueError(f"T1, standard dose and {len(self.read_doses)} images are more than {MAX_PANELS} panels")
        if self.repeat_share > 0 and self.sittings == 1:
            raise ValueError("repeat_share needs at least two sittings: a case is repeated in a later one")
        return self

    @property
    def reads_standard(self) -> bool:
        """Whether an image at the standard dose is hidden among those that are read."""
        return self.hidden_standard or self.hidden_repeat

    @property
    def read_doses(self) -> tuple[float, ...]:
        """The doses whose images are asked about, ascending; 1 is the hidden standard dose."""
        return (*self.doses, 1.0) if self.reads_standard else self.doses


def reader_study_settings(**given: object) -> ReaderStudySettings:
    """Check the options of a command.

    Args:
        **given: Value of each setting.

    Returns:
        The settings.

    Raises:
        SettingsError: The first value that is not valid.
    """
    try:
        return ReaderStudySettings(**given)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        message = str(problem["msg"]).removeprefix("Value error, ")
        raise SettingsError(
            f"{name} is not valid: {message}" if name else f"The options do not go together: {message}"
        ) from error
