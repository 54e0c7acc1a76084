# SPDX-License-Identifier: Apache-2.0
"""Restore a normalised volume: the head box by the field, the air around it as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.preparation.head import HeadBox
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices

if TYPE_CHECKING:
    from lessgad.field.build import AnyField


def restore_volume(
    field: AnyField,
    images: dict[str, Float[np.ndarray, "x y z"]],
    dose: float,
    head_box: HeadBox,
    spacing_mm: tuple[float, float, float],
    settings: RestorationSettings,
) -> Float[np.ndarray, "x y z"]:
    """Restore a volume in transverse order.

    Args:
        field: The network.
        images: `low_dose` and, where the field needs it, `pre_contrast`; (x, y, z) on [−1, 1].
        dose: Fraction of the standard dose.
        head_box: The part of each slice to restore; outside it the low dose is passed on.
        spacing_mm: Along x, y, z.
        settings: Window, precision, slices at once.

    Returns:
        The standard-dose image on [−1, 1], float32.
    """
    restored = np.array(images["low_dose"], dtype=np.float32, order="F")
    cut = {name: image[head_box.slices].transpose(2, 1, 0) for name, image in images.items()}
    slices = restore_slices(field, cut, dose, (spacing_mm[1], spacing_mm[0]), settings)
    restored[head_box.slices] = slices.transpose(2, 1, 0)
    return restored
