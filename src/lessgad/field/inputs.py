# SPDX-License-Identifier: Apache-2.0
"""The images that a field sees: those that it was made for, in its order; a T2 may be missing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lessgad.field.presets import InputImage

BACKGROUND = -1.0


def images_seen(
    images: Mapping[str, Float[np.ndarray, "*shape"]], inputs: tuple[InputImage, ...]
) -> dict[str, Float[np.ndarray, "*shape"]]:
    """Choose the images that a field sees, in its order; a missing T2 is background (−1) everywhere.

    Args:
        images: By name, on one grid and on [−1, 1]; `low_dose` among them.
        inputs: Of the field.

    Raises:
        KeyError: Another image is missing.
    """
    background = np.broadcast_to(np.float32(BACKGROUND), images["low_dose"].shape)
    return {name: images.get(name, background) if name == "t2" else images[name] for name in inputs}
