# SPDX-License-Identifier: Apache-2.0
"""The standard dose of a prepared study, restored from one of its low doses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.dose.low_doses import LowDose
from lessgad.preparation.prepared_study import PreparedStudy

if TYPE_CHECKING:
    from lessgad.restoration.restorer import Restorer

Image = Float[np.ndarray, "x y z"]


def restore_low_dose(restorer: Restorer, study: PreparedStudy, low_dose: LowDose) -> tuple[Image, Image | None]:
    """Restore one low dose of a prepared study.

    Args:
        restorer: The restorer.
        study: The prepared study.
        low_dose: The low dose and how it was made.

    Returns:
        The image on [−1, 1], and the half-width of its intervals; None where the model was not calibrated.
    """
    from lessgad.restoration.scan_facts import scan_facts
    from lessgad.restoration.volumes import restore_volume

    images = {"pre_contrast": study.pre_contrast, "low_dose": low_dose.image}
    if study.t2 is not None:
        images["t2"] = study.t2
    volume = restore_volume(
        restorer.field,
        images,
        low_dose.dose,
        study.head_box,
        study.spacing_mm,
        restorer.settings,
        scan_facts(study, low_dose.simulator, scanned=low_dose.measured),
    )
    if restorer.intervals is None:
        return volume.restored, None
    half_width = restorer.intervals.half_width(low_dose.dose, volume.half_width, volume.restored.shape)
    return volume.restored, half_width
