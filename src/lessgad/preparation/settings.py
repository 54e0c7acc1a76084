# SPDX-License-Identifier: Apache-2.0
"""The settings of preparation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lessgad.preparation.calibration import CalibrationMethod
from lessgad.preparation.normalization import LEVEL
from lessgad.settings import Settings

NoiseFloor = Literal["refuse", "keep"]


class PreparationSettings(Settings):
    """From two scans to two comparable images.

    Attributes:
        alignment: `register`: elastix moves the T1ce onto the T1; `aligned`: they are already, which is checked.
        calibration: How the intensities of the T1ce are taken to those of the T1: `smooth`, by a factor that varies
            smoothly through the head (`BiasFieldRatio`); `robust`, by one factor; `peaks`, as in the paper; `none`.
        unlike_pairs: `exclude`: a study whose T1 and T1ce differ in sequence class or fat saturation is left out;
            `keep`: it is used, although its difference is not contrast alone.
        noise_floor: `refuse`: a scan whose air begins above 1.5 % of tissue is left out, as an offset makes enhancement
            too small; `keep`: it is used, for sums over many coils, whose air has a noise floor that tissue has not.
        full_scale: Where +1 lies, in multiples of the second histogram peak of the T1.
    """

    alignment: Literal["register", "aligned"] = "register"
    calibration: CalibrationMethod = "smooth"
    unlike_pairs: Literal["exclude", "keep"] = "exclude"
    noise_floor: NoiseFloor = "refuse"
    full_scale: float = Field(default=LEVEL, gt=1, le=100)
