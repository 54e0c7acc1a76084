# SPDX-License-Identifier: Apache-2.0
"""The zero-dose estimate: the image that a model predicts from the T1 alone.

At dose 0 no enhancement was measured. The prediction is returned only if it beats the T1 on validation patients: if the
one-sided 97.5 % bound of its mean gain in PSNR over the T1 is above 0. Otherwise the T1 is returned. In an experiment
the images at dose 0 are always predictions: they are the negative control, which shows how much enhancement a model
adds without any measurement.
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
    """The quality of a model's zero-dose estimates on validation patients.

    Attributes:
        format: Version of the file format.
        n_patients: Number of validation patients whose T1 differs from their standard dose.
        gain_db: Mean over patients of PSNR(estimate) − PSNR(T1), in dB.
        bound_db: One-sided 97.5 % lower bound of the gain, in dB; None if there are too few patients.
        intervals: Conformal intervals around the T1, used if the T1 is returned.
    """

    format: Literal[1] = 1
    n_patients: int = Field(ge=0)
    gain_db: float
    bound_db: float | None
    intervals: IntervalCalibration

    @property
    def serves(self) -> bool:
        """Whether the estimate beats the T1 on validation patients."""
        return self.bound_db is not None and self.bound_db > 0

    @property
    def words(self) -> str:
        """One line for users about an image at dose 0."""
        bound = "" if self.bound_db is None else f", at least {self.bound_db:+.1f} dB at one-sided 97.5 %"
        patients = f"{self.n_patients} validation patient{'' if self.n_patients == 1 else 's'}"
        shown = f"{self.gain_db:+.1f} dB on {patients}{bound}"
        if self.serves:
            return f"at dose 0 no enhancement was measured: all that is shown is guessed from the T1 ({shown})"
        return (
            f"at dose 0 no enhancement was measured: the T1 is given back, for the guess is not shown to help ({shown})"
        )


def write_zero_dose_estimate(folder: Path, zero_dose_estimate: ZeroDoseEstimate) -> None:
    """Write ``guess.yaml`` into a model folder.

    Args:
        folder: The model folder.
        zero_dose_estimate: The assessed estimate at dose 0.
    """
    write_known(folder / ZERO_DOSE_ESTIMATE, zero_dose_estimate)


def read_zero_dose_estimate(folder: Path) -> ZeroDoseEstimate | None:
    """Read the assessment of the estimate at dose 0 (``guess.yaml``).

    Args:
        folder: The model folder.

    Returns:
        The assessment; None if the model has none.

    Raises:
        ModelError: The file is damaged.
    """
    return read_known(folder / ZERO_DOSE_ESTIMATE, ZeroDoseEstimate)
