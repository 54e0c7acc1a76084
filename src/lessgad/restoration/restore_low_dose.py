# SPDX-License-Identifier: Apache-2.0
"""The standard dose of a prepared study, restored from one of its low doses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.dose.low_doses import LowDose
from lessgad.preparation.prepared_study import PreparedStudy

if TYPE_CHECKING:
    from lessgad.restoration.anchor import Anchor
    from lessgad.restoration.restorer import Restorer

Image = Float[np.ndarray, "x y z"]


def restore_low_dose(restorer: Restorer, study: PreparedStudy, low_dose: LowDose) -> tuple[Image, Image | None]:
    """Restore one low dose of a prepared study, moved to the measurement where the model knows how.

    Returns:
        The image on [−1, 1], and the half-width of its intervals; None where the model was not calibrated.
    """
    from lessgad.restoration.volumes import restore_volume

    images = {"pre_contrast": study.pre_contrast, "low_dose": low_dose.image}
    if study.t2 is not None:
        images["t2"] = study.t2
    volume = restore_volume(restorer.field, images, low_dose.dose, study.head_box, study.spacing_mm, restorer.settings)
    restored, intervals = volume.restored, restorer.intervals
    if restorer.anchor is not None and restorer.settings.anchor and low_dose.can_check:
        restored, intervals = _anchored(study, low_dose, restored, restorer.anchor), restorer.anchor.intervals
    if intervals is None:
        return restored, None
    return restored, intervals.half_width(low_dose.dose, volume.half_width, restored.shape)


def _anchored(study: PreparedStudy, low_dose: LowDose, restored: Image, anchor: Anchor) -> Image:
    from lessgad.restoration.anchoring import Measurement

    measured = Measurement(
        pre_contrast=study.pre_contrast,
        low_dose=low_dose.image,
        dose=low_dose.dose,
        head=study.head,
        spacing_mm=study.spacing_mm,
        tissue_level=study.tissue_level,
        simulator=low_dose.simulator,
        sigma_pre_contrast=study.sigma_pre_contrast or 0.0,
    )
    return measured.anchored(restored, anchor.at(low_dose.dose))
