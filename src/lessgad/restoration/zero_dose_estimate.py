# SPDX-License-Identifier: Apache-2.0
"""At dose 0 nothing of the enhancement was measured: whether what a model guesses from the T1 is better than the T1.

It is given where validation patients show that it is: where the one-sided 97.5 % bound of its mean gain in PSNR over
the T1 is above 0. Else the T1 is given back: the scan that was said to have dose 0. The images of dose 0 in an
experiment are guesses in any case: they are the control, which says what enhancement a model shows without any having
been measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lessgad.restoration.conformal_intervals import IntervalCalibration
from lessgad.restoration.model_yaml import read_known, write_known
from lessgad.settings import Settings

ZERO_DOSE_ESTIMATE = "guess.yaml"
#: Of a model without the file: converted, or without validation patients.
NOTHING_MEASURED = "at dose 0 nothing was measured: the scan comes back as it is"
NOT_LOOKED_INTO = (
    "at dose 0 no enhancement was measured: all that is shown is guessed from the T1, and whether that is better than "
    "the T1 was not looked into"
)


class ZeroDoseEstimate(Settings):
    """How good a model's images of dose 0 are on validation patients.

    Attributes:
        format: Of the file.
        n_patients: Whose T1 differs from their standard dose.
        gain_db: Mean over patients of the PSNR of the guess less that of the T1.
        bound_db: Its one-sided 97.5 % bound; None with fewer patients than that needs.
        intervals: Around the T1, where that is given back.
    """

    format: Literal[1] = 1
    n_patients: int = Field(ge=0)
    gain_db: float
    bound_db: float | None
    intervals: IntervalCalibration

    @property
    def serves(self) -> bool:
        """Whether validation patients show that it is better than the T1."""
        return self.bound_db is not None and self.bound_db > 0

    @property
    def words(self) -> str:
        """What a user should know of an image of dose 0."""
        bound = "" if self.bound_db is None else f", at least {self.bound_db:+.1f} dB at one-sided 97.5 %"
        patients = f"{self.n_patients} validation patient{'' if self.n_patients == 1 else 's'}"
        shown = f"{self.gain_db:+.1f} dB on {patients}{bound}"
        if self.serves:
            return f"at dose 0 no enhancement was measured: all that is shown is guessed from the T1 ({shown})"
        return (
            f"at dose 0 no enhancement was measured: the T1 is given back, for the guess is not shown to help ({shown})"
        )


def write_zero_dose_estimate(folder: Path, zero_dose_estimate: ZeroDoseEstimate) -> None:
    """Write ``guess.yaml`` into a model folder."""
    write_known(folder / ZERO_DOSE_ESTIMATE, zero_dose_estimate)


def read_zero_dose_estimate(folder: Path) -> ZeroDoseEstimate | None:
    """Read it; None where the model has none.

    Raises:
        ModelError: Damaged.
    """
    return read_known(folder / ZERO_DOSE_ESTIMATE, ZeroDoseEstimate)
