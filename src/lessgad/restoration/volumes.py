# SPDX-License-Identifier: Apache-2.0
"""Restore a normalized volume: the head box by the field, the air around it as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from lessgad.preparation.head import HeadBox
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices_in_full

if TYPE_CHECKING:
    from lessgad.field.build import AnyField
    from lessgad.field.measured_enhancement import ScanFacts


class RestoredVolume(NamedTuple):
    """Result of restoring a volume.

    Attributes:
        restored: The standard-dose image on [−1, 1], float32.
        half_width: How far off the field says that it may be, before calibration, 0 outside the head box; None where
            the field does not say.
    """

    restored: Float[np.ndarray, "x y z"]
    half_width: Float[np.ndarray, "x y z"] | None


def restore_volume(
    field: AnyField,
    images: dict[str, Float[np.ndarray, "x y z"]],
    dose: float,
    head_box: HeadBox,
    spacing_mm: tuple[float, float, float],
    settings: RestorationSettings,
    facts: ScanFacts | None = None,
) -> RestoredVolume:
    """Restore a volume in transverse order.

    Args:
        field: The network.
        images: `low_dose` and, where the field needs it, `pre_contrast`; `t2` where there is one; (x, y, z) on [−1, 1].
        dose: Fraction of the standard dose.
        head_box: The part of each slice to restore; outside it the low dose is passed on.
        spacing_mm: Along x, y, z.
        settings: Window, precision, slices at once.
        facts: Noise and dose curve of the scan, which the kernel field needs.

    Returns:
        The restored volume on [−1, 1], and the half-width of its intervals if the field predicts one.
    """
    cut = {name: image[head_box.slices].transpose(2, 1, 0) for name, image in images.items()}
    slices = restore_slices_in_full(field, cut, dose, (spacing_mm[1], spacing_mm[0]), settings, facts=facts)
    restored = np.array(images["low_dose"], dtype=np.float32, order="F")
    restored[head_box.slices] = slices.restored.transpose(2, 1, 0)
    if slices.half_width is None:
        return RestoredVolume(restored, None)
    half_width = np.zeros_like(restored)
    half_width[head_box.slices] = slices.half_width.transpose(2, 1, 0)
    return RestoredVolume(restored, half_width)
