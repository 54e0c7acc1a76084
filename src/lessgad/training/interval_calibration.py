# SPDX-License-Identifier: Apache-2.0
"""By how much a trained field's half-widths must be stretched, found on validation patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lessgad.field.build import AnyField
from lessgad.restoration.conformal_intervals import LEVEL, IntervalCalibration, covering_factor
from lessgad.restoration.settings import RestorationSettings
from lessgad.training.validation import ValidationSlices, patients_of


def calibrate_intervals(
    field_of: Callable[[str], AnyField],
    studies: Sequence[ValidationSlices],
    doses: Sequence[float],
    settings: RestorationSettings,
    level: float = LEVEL,
    scanned: Sequence[float] = (),
    *,
    cross_fitted: bool = False,
) -> IntervalCalibration:
    """Find the factor at each dose by which intervals cover `level` of the judged voxels of the studies.

    Where the field predicts no interval, all voxels get one half-width.

    Args:
        field_of: The trained network with which a patient is judged.
        studies: Validation studies, at least one at each dose; judged in the tumor's box, or the head where there is
            no mask.
        doses: Rising.
        settings: Precision and window.
        level: Share to cover.
        scanned: Doses at which low doses were scanned.
        cross_fitted: Whether the network of each patient was chosen without that patient.

    Returns:
        The factors by dose.
    """
    patients = patients_of(studies)
    factors, n_patients = [], []
    for dose in doses:
        scores: dict[str, list[np.ndarray]] = {}
        for patient, study in zip(patients, studies, strict=True):
            if not study.has(dose):
                continue
            answer = study.restored(field_of(patient), study.low_dose(dose), dose, settings)
            error = np.abs(answer.restored - study.standard_dose)[study.judged]
            score = error if answer.half_width is None else error / answer.half_width[study.judged]
            scores.setdefault(patient, []).append(score)
        n_patients.append(len(scores))
        factors.append(covering_factor([np.concatenate(of_one) for of_one in scores.values()], level))
    return IntervalCalibration(
        level=level,
        doses=tuple(doses),
        factors=tuple(factors),
        n_patients=min(n_patients),
        scanned=tuple(scanned),
        cross_fitted=cross_fitted,
    )
