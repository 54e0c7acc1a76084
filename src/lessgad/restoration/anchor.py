# SPDX-License-Identifier: Apache-2.0
"""How far a model's images are moved to what was measured: tuned on validation patients, kept beside its weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from lessgad.dose_fraction import check_dose
from lessgad.restoration.intervals import IntervalCalibration
from lessgad.restoration.model_yaml import read_known, write_known
from lessgad.settings import Settings

ANCHOR = "anchor.yaml"


class DoseAnchor(Settings):
    """How far an image restored from one dose is moved.

    Attributes:
        dose: Fraction of the standard dose.
        fwhm_mm: Narrowest width of K.
        coarsest_mm: Widest; 0 or below the narrowest, as in files of before, the narrowest is the only one.
        weight: w.
    """

    dose: float = Field(ge=0, le=1)
    fwhm_mm: float = Field(gt=0)
    coarsest_mm: float = Field(0.0, ge=0)
    weight: float = Field(ge=0, le=1)

    @property
    def widths_mm(self) -> tuple[float, ...]:
        """Widths of K, the widest first, each about half the one before: a geometric row between the two ends."""
        coarsest = max(self.coarsest_mm, self.fwhm_mm)
        n_halvings = round(math.log2(coarsest / self.fwhm_mm))
        if n_halvings == 0:
            return (self.fwhm_mm,)
        return tuple(float(width) for width in np.geomspace(coarsest, self.fwhm_mm, n_halvings + 1))


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

        Widths are read between doses at which something is moved: where w is 0 they mean nothing.

        Raises:
            DoseError: Outside 0–1.
        """
        check_dose(dose)
        moving = [tuned for tuned in self.doses if tuned.weight > 0] or list(self.doses)

        def between(doses: Sequence[DoseAnchor], name: str) -> float:
            return float(np.interp(dose, [one.dose for one in doses], [getattr(one, name) for one in doses]))

        return DoseAnchor(
            dose=dose,
            fwhm_mm=between(moving, "fwhm_mm"),
            coarsest_mm=between(moving, "coarsest_mm"),
            weight=between(self.doses, "weight"),
        )


def write_anchor(folder: Path, anchor: Anchor) -> None:
    """Write ``anchor.yaml`` into a model folder."""
    write_known(folder / ANCHOR, anchor)


def read_anchor(folder: Path) -> Anchor | None:
    """Read it; None where the model has none.

    Raises:
        ModelError: Damaged.
    """
    return read_known(folder / ANCHOR, Anchor)
