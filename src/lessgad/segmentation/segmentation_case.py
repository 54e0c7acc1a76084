# SPDX-License-Identifier: Apache-2.0
"""A study to learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True, eq=False)
class CaseImages:
    """Images and labels of a case, in transverse order.

    Attributes:
        image: Image as `input_image` makes it, of the standard dose.
        labels: Numbers of regions.
        spacing_mm: Along x, y, z.
    """

    image: Float[np.ndarray, "x y z"]
    labels: UInt8[np.ndarray, "x y z"]
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class SegmentationCase:
    """One study with a mask.

    Attributes:
        name: Its number among the cases, "case_001": nnU-Net writes it into its logs.
        patient: Patient of the case; folds never separate the studies of a patient.
        validation: Whether the patient is one of validation.
        fingerprint: Fingerprint of its images.
        read: Gives the images.
    """

    name: str
    patient: str
    validation: bool
    fingerprint: str
    read: Callable[[], CaseImages]
