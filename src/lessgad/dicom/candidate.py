# SPDX-License-Identifier: Apache-2.0
"""A series of a study, and what it is taken for."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.dicom.geometry import SliceGrid
from lessgad.dicom.import_rules import Role
from lessgad.dicom.series import Series
from lessgad.dose_fraction import dose_label


@dataclass(frozen=True, eq=False)
class Candidate:
    """A series, its grid, and what it is taken for.

    Attributes:
        series: The series.
        role: Role of the series in the cohort; None if it is left out.
        dose: Fraction of the standard dose of a T1-weighted scan; None for others and where nothing decides.
        reason: The rule that decided.
        grid: Its slices in order; None where it is no regular volume.
        is_t1: It is T1-weighted, by words or timing.
        irregular: It is an image of use but for its geometry or its files; the reason says what is wrong.
    """

    series: Series
    role: Role | None
    dose: float | None
    reason: str
    grid: SliceGrid | None = None
    is_t1: bool = False
    irregular: bool = False

    @property
    def suffix(self) -> str:
        """End of its BIDS name: ``T1w``, ``acq-dose10_ce-gadolinium_T1w``, ``ce-gadolinium_T1w``, ``T2w``."""
        if self.role == "low_dose":
            return f"acq-{dose_label(self.dose or 0)}_ce-gadolinium_T1w"
        return {"pre_contrast": "T1w", "standard_dose": "ce-gadolinium_T1w", "t2": "T2w"}[str(self.role)]
