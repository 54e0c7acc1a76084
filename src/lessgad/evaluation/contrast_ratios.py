# SPDX-License-Identifier: Apache-2.0
"""How a tumor stands out, in the three numbers that contrast-agent trials report: CNR, LBR, CEP."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

TRUE_ZERO = -1.0  # where "no signal" lies on the normalized scale
LEAST_TISSUE = 0.5  # relative to the median of the head


@dataclass(frozen=True)
class ContrastRatios:
    """CNR, LBR and CEP of one image; NaN where undefined.

    Attributes:
        cnr: Contrast-to-noise ratio.
        lbr: Lesion-to-background ratio.
        cep_percent: Contrast enhancement percentage.
    """

    cnr: float
    lbr: float
    cep_percent: float


def contrast_ratios(
    image: Float[np.ndarray, "x y z"],
    pre_contrast: Float[np.ndarray, "x y z"],
    tumor: Bool[np.ndarray, "x y z"],
    background: Bool[np.ndarray, "x y z"],
    sigma: float | None,
) -> ContrastRatios:
    """Compute the three ratios from signals S above true zero.

        CNR = (S_tumor − S_background) / σ
        LBR = S_tumor / S_background
        CEP = 100 · (S_tumor − S_tumor, T1) / S_tumor, T1

    S_tumor is the mean over the tumor. S_background is the median, because vessels and fat in the background are not
    outlined. σ is that of the *acquired* low dose, also for restored images: smoothing brings no gain.

    Args:
        image: A method's image on [−1, 1], true zero at −1.
        pre_contrast: T1 on that scale.
        tumor: Mask of the tumor.
        background: Tissue around it (`background_tissue`); where empty, CNR and LBR are NaN.
        sigma: SD of the noise of the acquired low dose on that scale; None or 0 make CNR NaN.

    Returns:
        CNR, LBR and CEP; NaN where undefined.

    Sources: the endpoints of trials of contrast agents, such as Rumboldt et al., J. Magn. Reson. Imaging 2009 (LBR, CNR
    and % lesion enhancement) and Loevner et al., Invest. Radiol. 2023; there readers draw the regions.
    """
    lesion = _mean(image, tumor)
    surroundings = float(np.median(image[background].astype(np.float64)) - TRUE_ZERO) if background.any() else math.nan
    return ContrastRatios(
        cnr=(lesion - surroundings) / sigma if sigma else math.nan,
        lbr=lesion / surroundings if surroundings > 0 else math.nan,
        cep_percent=100 * (lesion / before - 1) if (before := _mean(pre_contrast, tumor)) > 0 else math.nan,
    )


def background_tissue(
    pre_contrast: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    near: Bool[np.ndarray, "x y z"],
) -> Bool[np.ndarray, "x y z"]:
    """Find tissue near a tumor: voxels at least half as bright in the T1 as the median of the head.

    Liquor, air cells and compact bone, which surround a tumor of the cerebellopontine angle, are left out.

    Args:
        pre_contrast: T1 on [−1, 1].
        head: Foreground, with voxels in it.
        near: Head voxels around the tumor that do not enhance at the standard dose.

    Returns:
        True for such voxels.
    """
    signal = pre_contrast - TRUE_ZERO
    return near & (signal >= LEAST_TISSUE * float(np.median(signal[head])))


def _mean(image: Float[np.ndarray, "x y z"], region: Bool[np.ndarray, "x y z"]) -> float:
    return float(image[region].mean(dtype=np.float64) - TRUE_ZERO) if region.any() else math.nan
