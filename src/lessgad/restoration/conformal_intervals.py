# SPDX-License-Identifier: Apache-2.0
"""How far off a restored voxel may be: what the field says of it, made true on validation patients.

The field says a half-width per voxel; on validation patients it is found by how much that must be stretched so that the
wanted share of standard-dose voxels lies within. A field that says nothing gets one half-width for all voxels.

    interval = restored ± factor(β) · half_width

Source: split conformal prediction with a scaled score (Lei et al., JASA 2018; Angelopoulos & Bates 2023, §2.3), the
distribution functions of the patients pooled (Dunn, Wasserman & Ramdas, JASA 2023), with a correction for few patients
by leaving one out. Voxels of a patient are not independent: it holds on average over patients like these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from lessgad.dose_fraction import check_dose
from lessgad.restoration.model_yaml import read_known, write_known
from lessgad.settings import Settings

INTERVALS = "intervals.yaml"
LEVEL = 0.9
#: Caution on intervals at doses where low doses were scanned (docs/method.md).
OF_SCANNED_LOW_DOSES = (
    "the interval was calibrated on simulated low doses; of those that the phantom truly scanned, intervals covered 83 "
    "to 88 % of voxels instead of 90 %"
)
ROUNDING = 1e-6  # of a rank
N_QUANTILES = 2_000
N_HALVINGS = 14


class IntervalCalibration(Settings):
    """Factors by which the half-width that a field predicts is multiplied.

    Attributes:
        level: Share of standard-dose voxels that should lie within the interval.
        doses: Doses at which the factors were found, in rising order.
        factors: Factor at each dose.
        n_patients: Number of validation patients, at the dose with the fewest.
        scanned: Doses whose factors come from scanned instead of simulated low doses.
        cross_fitted: Whether each patient was judged with weights that were chosen without that patient.
    """

    level: float = Field(default=LEVEL, gt=0, lt=1)
    doses: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(min_length=1)
    factors: tuple[Annotated[float, Field(ge=0)], ...]
    n_patients: int = Field(ge=1)
    scanned: tuple[float, ...] = ()
    cross_fitted: bool = False

    @model_validator(mode="after")
    def _a_factor_for_each_dose(self) -> IntervalCalibration:
        if len(self.factors) != len(self.doses) or list(self.doses) != sorted(set(self.doses)):
            raise ValueError("doses must rise, with one factor for each")
        return self

    def factor(self, dose: float) -> float:
        """Interpolate the factor linearly between the calibrated doses; it is constant beyond.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            The factor of the half-width.

        Raises:
            DoseError: Outside 0–1.
        """
        return float(np.interp(check_dose(dose), self.doses, self.factors))

    def of_scans(self, dose: float) -> bool:
        """Whether the factor at a dose comes of scanned low doses alone."""
        index = int(np.searchsorted(self.doses, dose))
        beside = {self.doses[min(index, len(self.doses) - 1)]}
        if dose not in beside:
            beside.add(self.doses[max(index - 1, 0)])
        return beside <= set(self.scanned)

    def half_width(
        self, dose: float, said: Float[np.ndarray, "x y z"] | None, shape: tuple[int, int, int]
    ) -> Float[np.ndarray, "x y z"]:
        """Stretch what the field says of its error; where it says nothing, all voxels get the factor itself.

        Args:
            dose: Fraction of the standard dose.
            said: Half-width of each voxel before calibration, on [−1, 1]; None where the field does not say.
            shape: Shape of the volume.

        Returns:
            The half-width of the interval, float32, on the same scale.

        Raises:
            DoseError: The dose is outside 0–1.
        """
        before = np.ones(shape, dtype=np.float32) if said is None else said
        return (self.factor(dose) * before).astype(np.float32)


def covering_factor(scores: Sequence[Float[np.ndarray, " _"]], level: float = LEVEL) -> float:
    """Find the factor with which intervals cover voxels of a new patient, every patient weighing the same.

    It is the u quantile of the scores, those of each patient weighing 1 together. With few patients the `level`
    quantile covers too little of the next one (with 2 patients whose errors differ by a third, 88 instead of 90 %), so
    u is the least from `level` on at which patients left out one after the other are covered by the rest:

        mean over i of F_i(Q_{−i}(u)) ≥ level

    With one patient nothing can be left out, and u is `level`.

    Args:
        scores: For each patient |restored − standard| / half_width of the voxels that are looked at.
        level: Share of voxels to cover, on the mean over patients.

    Returns:
        The factor.

    Raises:
        ValueError: No score at all.
    """
    seen = [_even_quantiles(values) for values in scores if len(values)]
    if not seen:
        raise ValueError("no voxel to calibrate intervals on")
    patients = np.stack(seen)
    low, high = level, 1.0
    if len(patients) == 1 or _covered_when_left_out(patients, low) >= level:
        return _quantile(patients, level)
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _covered_when_left_out(patients, middle) < level else (low, middle)
    return _quantile(patients, high)


def _even_quantiles(values: Float[np.ndarray, " _"]) -> Float[np.ndarray, " q"]:
    """Take the same number of scores from every patient, so that all patients have equal weight."""
    return np.quantile(values, (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES, method="inverted_cdf")


def _quantile(patients: Float[np.ndarray, "n q"], share: float) -> float:
    pooled = np.sort(patients, axis=None)
    return float(pooled[max(0, math.ceil(share * len(pooled) - ROUNDING) - 1)])


def _covered_when_left_out(patients: Float[np.ndarray, "n q"], share: float) -> float:
    """Share of a patient's voxels that the others' quantile covers, on the mean over patients."""
    # Counted, for a sum of shares depends on the order of the patients in its last digit, and the level with it.
    n_covered = sum(
        int(np.count_nonzero(one <= _quantile(np.delete(patients, i, axis=0), share))) for i, one in enumerate(patients)
    )
    return n_covered / patients.size


def write_intervals(folder: Path, calibration: IntervalCalibration) -> None:
    """Write ``intervals.yaml`` into a model folder.

    Args:
        folder: The model folder.
        calibration: The calibrated intervals.
    """
    write_known(folder / INTERVALS, calibration)


def read_intervals(folder: Path) -> IntervalCalibration | None:
    """Read the calibrated intervals of a model.

    Args:
        folder: The model folder.

    Returns:
        The calibration; None if the model has none.

    Raises:
        ModelError: The file is damaged.
    """
    return read_known(folder / INTERVALS, IntervalCalibration)
