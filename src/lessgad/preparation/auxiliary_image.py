# SPDX-License-Identifier: Apache-2.0
"""Auxiliary images of a study, registered to its T1 and normalized to [−1, 1]: a measured low dose, or a T2."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from lessgad.preparation.alignment import LOWEST_INFORMATION_OF_T2, AlignmentQuality
from lessgad.preparation.bias_field_ratio import BiasFieldRatio
from lessgad.preparation.calibration import IntensityMap
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.pair import CUT_AWAY
from lessgad.preparation.register_and_resample import register_and_resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.preparation.t2_level import t2_normalization
from lessgad.volume import Volume


@dataclass(frozen=True, eq=False)
class AuxiliaryImage:
    """A prepared auxiliary image.

    Attributes:
        image: The image on [−1, 1], on the grid of the T1.
        transform: Maps points of the T1 to points of the image as scanned.
        alignment: Quality of the alignment with the T1.
        to_pre_contrast: Calibration to the intensities of the T1; None for a T2, which has another contrast.
        normalization: Map to [−1, 1].
        gain: Ratio of the bias fields that was corrected first; None if only one factor was fitted, and for a T2.
    """

    image: Float[np.ndarray, "x y z"]
    transform: RigidTransform
    alignment: AlignmentQuality
    to_pre_contrast: IntensityMap | None
    normalization: Normalization
    gain: BiasFieldRatio | None = None

    def description(self) -> dict[str, Any]:
        """Describe the preparation for the JSON beside the image."""
        return {
            "transform_from_t1_ras_mm": self.transform.matrix.tolist(),
            "rotation_deg": self.transform.rotation_deg,
            "translation_mm": self.transform.translation_mm,
            "alignment": asdict(self.alignment),
            "to_t1_intensity": None if self.to_pre_contrast is None else asdict(self.to_pre_contrast),
            "gain": None if self.gain is None else self.gain.to_dict(),
            "normalisation": asdict(self.normalization),
        }


def prepare_low_dose(
    pre_contrast: Volume, low_dose: Volume, settings: PreparationSettings, n_threads: int = 1
) -> AuxiliaryImage:
    """Register a measured low dose to the T1, calibrate it to the T1, and normalize it with the map of the study.

    The T1ce is not used, so that a new scan is prepared in the same way.

    Args:
        pre_contrast: T1 in transverse order.
        low_dose: The measured low dose in transverse order, on any grid.
        settings: Settings of the preparation.
        n_threads: Number of threads of the registration.

    Returns:
        The prepared image.

    Raises:
        RegistrationError: The two could not be aligned, or are not aligned although the settings say so.
        CalibrationError: Their histograms do not tell how their intensities relate.
        VolumeError: The settings say that they are aligned, but they are on different grids.
    """
    transform, moved, alignment, seen = register_and_resample(pre_contrast, low_dose, settings, n_threads)
    t1, low = pre_contrast.array.astype(np.float32), moved.array.astype(np.float32)
    scale = find_intensity_scale(t1, low, pre_contrast.spacing_mm, settings)
    image = np.where(seen, scale.normalized(low), CUT_AWAY)
    return AuxiliaryImage(image, transform, alignment, scale.to_pre_contrast, scale.normalization, scale.gain)


def prepare_t2(pre_contrast: Volume, t2: Volume, settings: PreparationSettings, n_threads: int = 1) -> AuxiliaryImage:
    """Register a T2 to the T1, and normalize it by its own level; outside its field of view it is background.

    Args:
        pre_contrast: T1 in transverse order.
        t2: The T2 in transverse order, on any grid.
        settings: Whether to register.
        n_threads: Number of threads of the registration.

    Returns:
        The prepared image.

    Raises:
        RegistrationError: The two could not be aligned, or are not aligned although the settings say so.
        StudyError: There is no head in the T2.
        VolumeError: The settings say that they are aligned, but they are on different grids.
    """
    normalization = t2_normalization(t2)
    transform, moved, alignment, _ = register_and_resample(
        pre_contrast, t2, settings, n_threads, LOWEST_INFORMATION_OF_T2
    )
    image = normalization.apply(moved.array.astype(np.float32))
    return AuxiliaryImage(image, transform, alignment, None, normalization)
