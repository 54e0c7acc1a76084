# SPDX-License-Identifier: Apache-2.0
"""PSNR on validation patients, for all of them and with one of them left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lessgad.evaluation.similarity import psnr_db
from lessgad.field.build import AnyField
from lessgad.restoration.settings import RestorationSettings
from lessgad.training.validation import ValidationSlices, patients_of


@dataclass(frozen=True)
class ValidationFigures:
    """PSNR of validation images before and after restoration; one entry per study and dose.

    Attributes:
        patients: Patient of each image.
        unrestored_db: PSNR of each low dose, in dB.
        restored_db: PSNR of each restored image, in dB.
    """

    patients: tuple[str, ...]
    unrestored_db: tuple[float, ...]
    restored_db: tuple[float, ...]

    @property
    def psnr_db(self) -> float:
        """Mean PSNR of the restored images, in dB; NaN without images."""
        return float(np.mean(self.restored_db)) if self.patients else math.nan

    @property
    def gain_db(self) -> float:
        """Mean PSNR of the restored images minus that of the unrestored ones, in dB; NaN without images."""
        return float(np.mean(self.restored_db) - np.mean(self.unrestored_db)) if self.patients else math.nan

    def without(self, patient: str) -> ValidationFigures:
        """Leave one patient out.

        Args:
            patient: The patient.

        Returns:
            The figures of all other patients.
        """
        kept = [index for index, one in enumerate(self.patients) if one != patient]
        return ValidationFigures(
            tuple(self.patients[index] for index in kept),
            tuple(self.unrestored_db[index] for index in kept),
            tuple(self.restored_db[index] for index in kept),
        )


def validate(
    field: AnyField,
    studies: Sequence[ValidationSlices],
    doses: Sequence[float],
    settings: RestorationSettings,
) -> ValidationFigures:
    """Restore the validation slices at each dose.

    If the low dose is the standard dose (dose 1), there is nothing to gain and the PSNR is infinite; such images are
    left out.

    Args:
        field: The network.
        studies: Slices of the validation studies.
        doses: Doses as fractions of the standard dose, 0–1.
        settings: Settings of the restoration.

    Returns:
        PSNR before and after, of each image.
    """
    seen: list[tuple[str, float, float]] = []
    for patient, study in zip(patients_of(studies), studies, strict=True):
        for dose in doses:
            low_dose = study.low_dose(dose)
            unrestored_db = psnr_db(low_dose, study.standard_dose, study.judged)
            if math.isinf(unrestored_db):
                continue
            answer = study.restored(field, low_dose, dose, settings)
            seen.append((patient, unrestored_db, psnr_db(answer.restored, study.standard_dose, study.judged)))
    return ValidationFigures(
        tuple(patient for patient, _, _ in seen), tuple(b for _, b, _ in seen), tuple(a for _, _, a in seen)
    )
