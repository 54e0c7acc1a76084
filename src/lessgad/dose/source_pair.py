# SPDX-License-Identifier: Apache-2.0
"""The noise of a pair as scanned, and the pair without it: what low doses with noise of their own are mixed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.denoising import denoise
from lessgad.dose.noise_level import NoiseLevel, estimate_noise
from lessgad.dose.simulator import BACKGROUND
from lessgad.errors import StudyError
from lessgad.preparation.head import head_mask
from lessgad.volume import Volume

if TYPE_CHECKING:
    from lessgad.preparation.pair import PreparedPair


OTHERWISE = "To use it anyway, set simulation.noise to {snr: 20} or to none in experiment.yaml"


@dataclass(frozen=True)
class ScanNoise:
    """Noise of both scans before any resampling, on the scale of [−1, 1]; None where it could not be found.

    Attributes:
        pre_contrast: Acquisition parameters of the T1.
        standard_dose: Acquisition parameters of the T1ce.
    """

    pre_contrast: NoiseLevel | None
    standard_dose: NoiseLevel | None


def scan_noise(pair: PreparedPair, standard_dose: Volume, *, required: bool) -> ScanNoise:
    """Estimate the noise of a pair.

    Args:
        pair: The prepared pair.
        standard_dose: The T1ce as scanned, in transverse order.
        required: Whether a scan without an estimate is an error.

    Returns:
        Noise of both scans.

    Raises:
        StudyError: It is, and there is one.
    """
    scanned = standard_dose.array.astype(np.float32)
    scale = pair.normalization.length_of(1.0)
    head = head_mask(scanned, standard_dose.spacing_mm)
    return ScanNoise(
        noise_of_scan("T1", pair.pre_contrast, pair.head, scale, required=required),
        noise_of_scan("T1ce", scanned, head, scale * pair.to_pre_contrast.scale, required=required),
    )


def noise_of_scan(
    name: str,
    image: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    scale: float,
    *,
    required: bool,
) -> NoiseLevel | None:
    """Estimate the noise of one scan as the scanner stored it.

    Args:
        name: Name of the scan for display.
        image: Image in transverse order, any unit.
        head: Foreground of the image.
        scale: Takes a difference of its intensities to the scale of [−1, 1].
        required: Whether a scan without an estimate is an error.

    Returns:
        The noise; None if it cannot be estimated and is not required.

    Raises:
        StudyError: It is, and this is one.
    """
    try:
        level = estimate_noise(image, head)
    except StudyError as error:
        if required:
            raise StudyError(f"The noise of the {name} cannot be used. {error.problem}", remedy=OTHERWISE) from error
        return None
    return replace(level, sigma=level.sigma * scale)


def denoised_source_pair(
    pair: PreparedPair, noise: ScanNoise
) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "x y z"]]:
    """Denoise T1 and T1ce; a scan without a noise estimate is left as it is.

    Args:
        pair: The prepared pair.
        noise: Noise of both scans.

    Returns:
        T1 and T1ce on [−1, 1], (x, y, z) each.
    """
    images = pair.normalized_pre_contrast, pair.normalized_standard_dose
    t1, t1ce = (
        denoise(image - BACKGROUND, level.sigma, level.correlation) + BACKGROUND if level is not None else image
        for image, level in zip(images, (noise.pre_contrast, noise.standard_dose), strict=True)
    )
    return np.clip(t1, -1, 1), np.clip(t1ce, -1, 1)
