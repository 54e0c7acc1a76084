# SPDX-License-Identifier: Apache-2.0
"""A new scan, made ready for the field without any standard-dose image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.preparation.calibration import IntensityMap, calibrate
from lessgad.preparation.head import head_mask
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.preparation.normalisation import Normalisation, normalisation_from_peaks
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume, in_transverse_order


@dataclass(frozen=True, eq=False)
class NewScan:
    """A low-dose scan, and its T1 where there is one, on one scale.

    Attributes:
        scan: The low dose as it came, in transverse order.
        images: `low_dose` and, where it was given, `pre_contrast`, on [−1, 1], on the grid of the scan.
        head: Foreground.
        normalisation: Takes [−1, 1] back to the intensities that the low dose was calibrated to.
        to_scan: Takes these to the intensities of the scan.
    """

    scan: Volume
    images: dict[str, Float[np.ndarray, "x y z"]]
    head: Bool[np.ndarray, "x y z"]
    normalisation: Normalisation
    to_scan: IntensityMap


def new_scan(low_dose: Volume, pre_contrast: Volume | None, settings: PreparationSettings) -> NewScan:
    """Normalise a scan by landmarks of its own histogram, or of the T1 where that is given.

    The T1 is moved onto the grid of the low dose by rigid registration, and the low dose calibrated to it, as in
    training.

    Raises:
        CalibrationError: The histogram has no landmark to normalise by.
        StudyError: There is no head in the image.
        RegistrationError: The T1 could not be brought into alignment.
    """
    scan = in_transverse_order(low_dose)
    low = scan.array.astype(np.float32)
    if pre_contrast is None:
        normalisation = normalisation_from_peaks(find_peaks(low), settings.full_scale)
        head = head_mask(low, scan.spacing_mm)
        return NewScan(scan, {"low_dose": normalisation.apply(low)}, head, normalisation, IntensityMap(1.0, 0.0))
    t1 = _moved_onto(scan, in_transverse_order(pre_contrast))
    head = head_mask(t1, scan.spacing_mm)
    to_t1 = calibrate(t1, low, head, settings.calibration)
    normalisation = normalisation_from_peaks(find_peaks(t1), settings.full_scale)
    images = {"pre_contrast": normalisation.apply(t1), "low_dose": normalisation.apply(to_t1.apply(low))}
    return NewScan(scan, images, head, normalisation, to_t1.inverse())


def _moved_onto(scan: Volume, pre_contrast: Volume) -> np.ndarray:
    from lessgad.preparation.registration import register_rigid
    from lessgad.preparation.rigid_transform import resample

    transform = register_rigid(scan, pre_contrast)  # has checked that the two lie on each other
    return resample(pre_contrast, scan, transform, "cubic").array.astype(np.float32)
