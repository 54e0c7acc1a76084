# SPDX-License-Identifier: Apache-2.0
"""Restore one new scan with a trained model; what a scanner's pipeline would call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lessgad.dose_fraction import check_dose, percent
from lessgad.errors import DoseError, ModelError
from lessgad.preparation.calibration import IntensityMap, calibrate
from lessgad.preparation.head import head_box, head_mask
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.preparation.normalisation import normalisation_from_peaks
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.volume import Volume, in_order_of, in_transverse_order

if TYPE_CHECKING:
    from lessgad.field.build import AnyField
    from lessgad.field.checkpoint import ModelDescription

DOSE_TOLERANCE = 0.005


@dataclass(frozen=True, eq=False)
class Restorer:
    """A trained model, ready for new scans.

    Example:
        >>> restorer = lessgad.Restorer.load("EXPERIMENT/models/all-doses")
        >>> restored = restorer.restore(low_dose, dose=0.1)

    Attributes:
        field: The network.
        description: What it was trained for and how its images must be prepared.
        settings: Window, precision, slices at once.
    """

    field: AnyField
    description: ModelDescription
    settings: RestorationSettings

    @classmethod
    def load(cls, model: Path | str, settings: RestorationSettings | None = None) -> Restorer:
        """Load a model folder that `lessgad run` wrote.

        Raises:
            ModelError: It is missing, damaged, or of an unknown format.
        """
        from lessgad.field.checkpoint import load_field

        field, description = load_field(Path(model))
        return cls(field, description, settings or RestorationSettings())

    @property
    def needs_pre_contrast(self) -> bool:
        """Whether the model was trained with the pre-contrast scan as an input."""
        return "pre_contrast" in self.description.field.inputs

    def restore(self, low_dose: Volume, dose: float, pre_contrast: Volume | None = None) -> Volume:
        """Restore the standard-dose image of a low-dose scan.

        The scan is normalised by landmarks of its own histogram, or of the pre-contrast scan where that is
        given; nothing needs a standard-dose image. A pre-contrast scan is moved onto the grid of the low dose by
        rigid registration, and the low dose calibrated to it, as in training.

        Args:
            low_dose: The scan; any axis order and intensity unit.
            dose: Its fraction of the standard dose, 0–1.
            pre_contrast: T1 of the same examination, on any grid; needed where the model was trained with it.

        Returns:
            The restored image on the grid and in the intensity unit of `low_dose`.

        Raises:
            DoseError: Outside 0–1, or not the dose of a model that knows one dose.
            ModelError: The model needs a pre-contrast scan and none was given.
            CalibrationError: The histogram has no landmark to normalise by.
            StudyError: There is no head in the image.
            RegistrationError: The pre-contrast scan could not be brought into alignment.
        """
        self._check_dose(dose)
        if self.needs_pre_contrast and pre_contrast is None:
            raise ModelError(
                "the pre-contrast scan that this model was trained with", "none", None, "Give it with --pre-contrast"
            )
        scan = in_transverse_order(low_dose)
        low = scan.array.astype(np.float32)
        if pre_contrast is None:
            head = head_mask(low, scan.spacing_mm)
            normalisation = normalisation_from_peaks(find_peaks(low), self.description.preparation.full_scale)
            images = {"low_dose": normalisation.apply(low)}
            to_scan = IntensityMap(1.0, 0.0)
        else:
            t1 = _moved_onto(scan, in_transverse_order(pre_contrast))
            head = head_mask(t1, scan.spacing_mm)
            to_t1 = calibrate(t1, low, head, self.description.preparation.calibration)
            normalisation = normalisation_from_peaks(find_peaks(t1), self.description.preparation.full_scale)
            images = {"pre_contrast": normalisation.apply(t1), "low_dose": normalisation.apply(to_t1.apply(low))}
            to_scan = to_t1.inverse()

        restored = restore_volume(self.field, images, dose, head_box(head), scan.spacing_mm, self.settings)
        # The change is added to the scan itself, so that nothing is lost where normalisation clipped it.
        change = to_scan.scale * (normalisation.undo(restored) - normalisation.undo(images["low_dose"]))
        return in_order_of(scan.with_array(low + change), low_dose)

    def _check_dose(self, dose: float) -> None:
        trained = self.description.dose
        check_dose(dose)
        if trained is not None and abs(dose - trained) > DOSE_TOLERANCE:
            raise DoseError(
                f"a scan at {percent(trained)} of the dose, which this model was trained for", percent(dose)
            )


def _moved_onto(scan: Volume, pre_contrast: Volume) -> np.ndarray:
    from lessgad.preparation.registration import register_rigid
    from lessgad.preparation.rigid_transform import resample

    transform = register_rigid(scan, pre_contrast)  # has checked that the two lie on each other
    return resample(pre_contrast, scan, transform, "cubic").array.astype(np.float32)
