# SPDX-License-Identifier: Apache-2.0
"""Whether a trained field's guess at dose 0 is better than the T1 itself, found on validation patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lessgad.evaluation.bound_of_mean import MIN_FOR_BOUND, bound_of_mean
from lessgad.evaluation.patient_level import patient_means
from lessgad.evaluation.similarity import psnr_db
from lessgad.field.build import AnyField
from lessgad.restoration.conformal_intervals import LEVEL, IntervalCalibration, covering_factor
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.zero_dose_estimate import ZeroDoseEstimate
from lessgad.training.validation import ValidationSlices, patients_of

ERROR_OF_BOUND = 0.025  # one-sided


def assess_zero_dose_estimate(
    field_of: Callable[[str], AnyField],
    studies: Sequence[ValidationSlices],
    settings: RestorationSettings,
    level: float = LEVEL,
) -> ZeroDoseEstimate:
    """Compare the estimate of the field at dose 0 with the T1, in the tumor's box or in the head.

    Args:
        field_of: The trained network with which a patient is judged.
        studies: Validation studies, at least one.
        settings: Precision and window.
        level: Share of voxels that intervals around the T1 should cover.

    Returns:
        The assessment.
    """
    patients = patients_of(studies)
    gains: list[float] = []
    scores: dict[str, list[np.ndarray]] = {patient: [] for patient in patients}
    for patient, study in zip(patients, studies, strict=True):
        t1, judged = study.low_dose(0.0), study.judged
        answer = study.restored(field_of(patient), t1, 0.0, settings)
        guessed_db = psnr_db(answer.restored, study.standard_dose, judged)
        gains.append(guessed_db - psnr_db(t1, study.standard_dose, judged))
        error = np.abs(t1 - study.standard_dose)[judged]
        scores[patient].append(error if answer.half_width is None else error / answer.half_width[judged])
    means = np.array(list(patient_means(np.array(gains), patients).values()))
    factor = covering_factor([np.concatenate(of_one) for of_one in scores.values()], level)
    return ZeroDoseEstimate(
        n_patients=len(means),
        gain_db=float(means.mean()) if len(means) else 0.0,
        bound_db=float(bound_of_mean(means, ERROR_OF_BOUND)) if len(means) >= MIN_FOR_BOUND else None,
        intervals=IntervalCalibration(level=level, doses=(0.0,), factors=(factor,), n_patients=len(scores)),
    )
