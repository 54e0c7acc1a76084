# SPDX-License-Identifier: Apache-2.0
"""How far a model's images are moved to what was measured: tuned on validation patients, kept beside its weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from lessgad.dose_fraction import check_dose
from lessgad.restoration.intervals import IntervalCalibration
from lessgad.restoration.model_yaml import read_known, write_known
from lessgad.settings import Settings

ANCHOR = "anchor.yaml"
ROUNDING = 1e-9


class DoseAnchor(Settings):
    """How far an image restored from one dose is moved.

    Attributes:
        dose: Fraction of the standard dose.
        fwhm_mm: Narrowest width of K.
        coarsest_mm: What no width is above; the narrowest is the only one where this is less than twice as wide.
        weight: w.
    """

    dose: float = Field(ge=0, le=1)
    fwhm_mm: float = Field(gt=0)
    coarsest_mm: float = Field(0.0, ge=0)
    weight: float = Field(ge=0, le=1)

    @property
    def widths_mm(self) -> tuple[float, ...]:
        """Widths of K, the widest first, each half the one before."""
        n_halvings = max(0, math.floor(math.log2(max(self.coarsest_mm, self.fwhm_mm) / self.fwhm_mm) + ROUNDING))
        return tuple(self.fwhm_mm * 2**times for times in range(n_halvings, -1, -1))


class Anchor(Settings):
    """How far images are moved at each dose, and how far off they may be afterwards.

    Attributes:
        format: Of the file.
        doses: In rising order.
        intervals: Calibrated on anchored images of validation patients.
    """

    format: Literal[1] = 1
    doses: tuple[DoseAnchor, ...] = Field(min_length=1)
    intervals: IntervalCalibration

    def at(self, dose: float) -> DoseAnchor:
        """Give widths and w: linear between the doses that were tuned, constant beyond.

        Raises:
            DoseError: Outside 0–1.
        """
        known = [tuned.dose for tuned in self.doses]
        width, coarsest, weight = (
            float(np.interp(check_dose(dose), known, [getattr(tuned, name) for tuned in self.doses]))
            for name in ("fwhm_mm", "coarsest_mm", "weight")
        )
        return DoseAnchor(dose=dose, fwhm_mm=width, coarsest_mm=coarsest, weight=weight)


def write_anchor(folder: Path, anchor: Anchor) -> None:
    """Write ``anchor.yaml`` into a model folder."""
    write_known(folder / ANCHOR, anchor)


def read_anchor(folder: Path) -> Anchor | None:
    """Read it; None where the model has none.

    Raises:
        ModelError: Damaged.
    """
    return read_known(folder / ANCHOR, Anchor)
