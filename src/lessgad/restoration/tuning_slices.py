# SPDX-License-Identifier: Apache-2.0
"""What baselines are tuned on: slices of a validation study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

if TYPE_CHECKING:
    from lessgad.field.measured_enhancement import ScanFacts


@runtime_checkable
class TuningSlices(Protocol):
    """Slices of a validation study; `training.validation.ValidationSlices` is one."""

    @property
    def pre_contrast(self) -> Float[np.ndarray, "z y x"]:
        """T1 on [−1, 1]."""

    @property
    def standard_dose(self) -> Float[np.ndarray, "z y x"]:
        """T1ce on the same grid and scale."""

    @property
    def judged(self) -> Bool[np.ndarray, "z y x"]:
        """The tumor's box, or the head where there is no mask."""

    def has(self, dose: float) -> bool:
        """Whether the study counts at a dose."""

    def sigma(self, dose: float) -> float:
        """Noise of the low dose, on the scale of [−1, 1]."""

    def low_dose(self, dose: float) -> Float[np.ndarray, "z y x"]:
        """Give the slices at a lower dose.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            The slices on [−1, 1], (z, y, x).
        """

    def facts_at(self, dose: float) -> ScanFacts | None:
        """Slice spacing and dose curve; None where nothing is averaged over slices."""
