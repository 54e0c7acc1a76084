# SPDX-License-Identifier: Apache-2.0
"""Restore one new scan with a trained model; what a scanner's pipeline would call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.field_strength import field_cautions
from lessgad.dose_fraction import check_dose, percent
from lessgad.errors import DoseError, ModelError
from lessgad.image_like import ImageLike, as_volume, optional_volume
from lessgad.preparation.head import head_box
from lessgad.pretrained import NAME as PRETRAINED
from lessgad.pretrained import pretrained_model
from lessgad.restoration.conformal_intervals import IntervalCalibration, read_intervals
from lessgad.restoration.discrepancy import Discrepancy
from lessgad.restoration.implausible import implausible_words
from lessgad.restoration.new_scan import NewScan, new_scan
from lessgad.restoration.other_spacing import resample_in_plane, restore_at_spacing
from lessgad.restoration.out_of_distribution import TrainingRange, out_of_distribution_cautions, read_training_range
from lessgad.restoration.restored_scan import Restoration as Restoration
from lessgad.restoration.scan_discrepancy import (
    Origin,
    ScanDiscrepancy,
    check_comparable,
    discrepancy_of_scan,
    forward_model,
)
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.restoration.zero_dose_estimate import (
    NOT_LOOKED_INTO,
    NOTHING_MEASURED,
    ZeroDoseEstimate,
    read_zero_dose_estimate,
)
from lessgad.volume import Volume, in_order_of, with_axes_of

if TYPE_CHECKING:
    from lessgad.field.build import AnyField
    from lessgad.field.checkpoint import ModelDescription

DOSE_TOLERANCE = 0.005


@dataclass(frozen=True, eq=False)
class Restorer:
    """A trained model, ready for new scans.

    Example:
        >>> restorer = lessgad.Restorer.load("EXPERIMENT/models/all-doses")
        >>> restored = restorer.restore(low_dose, 0.1, t1, acquisition=lessgad.acquisition_beside("low.nii.gz"))

    Attributes:
        field: The network.
        description: Description of the model: what it was trained for and how its images must be prepared.
        settings: Window, precision, slices at once.
        intervals: How far off its voxels may be; None where the model was not calibrated for that.
        training_range: Range of the scans that it was trained on; None if it was not recorded.
        zero_dose_estimate: Whether its images of dose 0 are better than the T1, which is returned where they are not;
            None if validation patients were not asked: then the images are returned with a caution.
    """

    field: AnyField
    description: ModelDescription
    settings: RestorationSettings
    intervals: IntervalCalibration | None = None
    training_range: TrainingRange | None = None
    zero_dose_estimate: ZeroDoseEstimate | None = None

    @classmethod
    def load(cls, model: Path | str = PRETRAINED, settings: RestorationSettings | None = None) -> Restorer:
        """Load a model, onto the GPU if there is one (CUDA_VISIBLE_DEVICES).

        Args:
            model: A folder that `lessgad run` wrote, or `pretrained` for the model that ships with lessgad.
            settings: Window, precision, slices at once.

        Returns:
            The restorer.

        Raises:
            ModelError: It is missing, damaged, or of an unknown format.
        """
        from lessgad.field.checkpoint import load_field

        folder = pretrained_model() if str(model) == PRETRAINED and not Path(model).exists() else Path(model)
        field, description = load_field(folder)
        limits = read_intervals(folder), read_training_range(folder), read_zero_dose_estimate(folder)
        return cls(field, description, settings or RestorationSettings(), *limits)

    @property
    def needs_pre_contrast(self) -> bool:
        """Whether the model was trained with the pre-contrast scan as an input."""
        return "pre_contrast" in self.description.field.inputs

    @property
    def takes_t2(self) -> bool:
        """Whether the model was trained with a T2 as an input; it can do without."""
        return "t2" in self.description.field.inputs

    def restore(
        self,
        low_dose: ImageLike,
        dose: float,
        pre_contrast: ImageLike | None = None,
        t2: ImageLike | None = None,
        *,
        acquisition: Acquisition | None = None,
        spacing_mm: tuple[float, float] | None = None,
    ) -> Volume:
        """Restore the standard-dose image of a low-dose scan; `restore_in_full` returns cautions too.

        Args:
            low_dose: The low-dose scan.
            dose: Dose as a fraction of the standard dose, 0–1.
            pre_contrast: T1 of the same examination; None without one.
            t2: T2 of the same examination; None without one.
            acquisition: Acquisition parameters of the scan; None where they are unknown.
            spacing_mm: In-plane spacing of the result, in mm; None takes that of the scan.

        Returns:
            The restored image, on the grid and in the intensity unit of the scan.
        """
        found = self.restore_in_full(low_dose, dose, pre_contrast, t2, acquisition=acquisition, spacing_mm=spacing_mm)
        return found.image

    def restore_in_full(
        self,
        low_dose: ImageLike,
        dose: float,
        pre_contrast: ImageLike | None = None,
        t2: ImageLike | None = None,
        *,
        acquisition: Acquisition | None = None,
        spacing_mm: tuple[float, float] | None = None,
        origin: Origin = "scanned",
        check: bool = False,
    ) -> Restoration:
        """Restore a low-dose scan, and say how far off the image may be and what speaks against believing it.

        The scan is normalized by landmarks of its own histogram, or of the pre-contrast scan where that is
        given; nothing needs a standard-dose image. A pre-contrast scan is moved onto the grid of the low dose by
        rigid registration, and the low dose calibrated to it, as in training.

        Args:
            low_dose: The scan: a path, a volume, or an image of nibabel; any axis order and intensity unit.
            dose: Dose as a fraction of the standard dose, 0–1.
            pre_contrast: T1 of the same examination, on any grid; needed where the model was trained with it.
            t2: T2-weighted scan of the same examination, on any grid, for models that were trained with one.
            acquisition: Acquisition parameters, as far as they are known; compared with those of training.
            spacing_mm: In-plane spacing of the result, along x and y; None keeps that of the scan.
            origin: How the scan was made. To scale its enhancement to the standard dose, or to check the image against
                it, a `scanned` one needs the signal equation of its sequence (`acquisition`); for a `simulated` one the
                simulation of the model is true.
            check: Compare the image with the scan.

        Returns:
            The restored image on the grid (or the finer one) and in the intensity unit of `low_dose`.

        Raises:
            DoseError: Outside 0–1, or not the dose of a model that knows one dose.
            ModelError: The model needs a pre-contrast scan and none was given, or takes no T2 and one was given; or
                the image is to be compared with the scan without a T1 or without an equation for it.
            SettingsError: The image is to be compared with the scan at another spacing than its own.
            CalibrationError: The histogram has no landmark to normalize by.
            StudyError: There is no head in the image.
            RegistrationError: The pre-contrast scan could not be brought into alignment.
        """
        dose = self._checked_dose(dose)
        low_dose, pre_contrast, t2 = as_volume(low_dose), optional_volume(pre_contrast), optional_volume(t2)
        self._check_images(pre_contrast, t2)
        if check:
            check_comparable(pre_contrast, spacing_mm)
        model = forward_model(dose, self.description.simulation, acquisition, origin) if check else None
        new = new_scan(low_dose, pre_contrast, self.description.preparation, t2)
        seen = tuple[str, ...]()
        if self.training_range is not None:
            seen = out_of_distribution_cautions(self.training_range, new, dose, acquisition)
        from lessgad.restoration.scan_facts import facts_of_scan

        facts, assumed = facts_of_scan(new, dose, self.description, acquisition, origin)
        of_field = () if acquisition is None else field_cautions(acquisition)
        seen = (*new.doubts, *seen, *new.uncovered_words, *of_field, *assumed)
        box, spacing = head_box(new.head), new.scan.spacing_mm
        scan, unrestored, unit, intervals = new.scan, new.images["low_dose"], new.unit, self.intervals
        if spacing_mm is None:
            volume = restore_volume(self.field, new.images, dose, box, spacing, self.settings, facts)
        else:
            volume = restore_at_spacing(self.field, new.images, dose, box, spacing, spacing_mm, self.settings, facts)
            scan, unit = resample_in_plane(scan, spacing_mm), new.unit_at(spacing_mm)
            unrestored = resample_in_plane(new.scan.with_array(unrestored), spacing_mm).array
        if dose == 0 and self.field.settings.preset == "kernel":
            seen, volume = (*seen, NOTHING_MEASURED), volume._replace(restored=unrestored)
        elif dose == 0:
            seen = (*seen, NOT_LOOKED_INTO if self.zero_dose_estimate is None else self.zero_dose_estimate.words)
            if self.zero_dose_estimate is not None and not self.zero_dose_estimate.serves:
                volume = volume._replace(restored=unrestored)
                intervals = None if intervals is None else self.zero_dose_estimate.intervals
        if facts is not None and dose > 0 and spacing_mm is None:
            t1, level = new.images["pre_contrast"], self._tissue_level
            words = implausible_words(volume.restored, t1, new.images["low_dose"], dose, new.head, facts, level)
            seen = (*seen, *words)
        # The change is added to the scan itself, so that nothing is lost where normalization clipped it.
        change = unit * (volume.restored - unrestored)
        as_given = in_order_of if spacing_mm is None else with_axes_of
        image = as_given(scan.with_array(scan.array.astype(np.float32) + change), low_dose)
        width = None
        if intervals is not None:
            half_width = unit * intervals.half_width(dose, volume.half_width, volume.restored.shape)
            width = as_given(scan.with_array(half_width), low_dose)
        of_scans = intervals is not None and intervals.of_scans(dose)
        if model is None:
            return Restoration(image, width, seen, None, of_scans)
        found = discrepancy_of_scan(new, volume.restored, dose, model, self._tissue_level)
        return Restoration(image, width, seen, self._in_unit_of_scan(found, new, low_dose), of_scans)

    def _in_unit_of_scan(self, found: Discrepancy, new: NewScan, low_dose: Volume) -> ScanDiscrepancy:
        """Give what was found in the unit and the axis order of the scan."""
        error = in_order_of(new.scan.with_array(new.unit * found.error), low_dose)
        detectable = {mm: least / self._tissue_level for mm, least in found.detectable.items()}
        return ScanDiscrepancy(error, found.unsupported_ml, found.overlooked_ml, detectable, max(found.inflation))

    @property
    def _tissue_level(self) -> float:
        return 2 / self.description.preparation.full_scale

    def _check_images(self, pre_contrast: Volume | None, t2: Volume | None) -> None:
        if self.needs_pre_contrast and pre_contrast is None:
            raise ModelError("This model needs the pre-contrast scan", remedy="Give it with --pre-contrast")
        if t2 is not None and not self.takes_t2:
            raise ModelError("This model was not trained with a T2", remedy="Leave --t2 out")

    def _checked_dose(self, dose: float) -> float:
        """Give the dose that the model was trained for, if it knows only one."""
        trained = self.description.dose
        check_dose(dose)
        if trained is not None and abs(dose - trained) > DOSE_TOLERANCE:
            raise DoseError(f"This model restores {percent(trained)} of the dose, and the scan has {percent(dose)}")
        return dose if trained is None else trained
