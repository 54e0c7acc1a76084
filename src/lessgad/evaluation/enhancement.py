# SPDX-License-Identifier: Apache-2.0
"""The enhancement in a method's image of a study: the share recovered, and the volumes falsely shown and missed.

Enhancement E is an image − T1, on the scale of [−1, 1] that the images of a study share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lessgad.evaluation.clusters import in_clusters, volume_ml
from lessgad.evaluation.contrast_ratios import contrast_ratios
from lessgad.evaluation.enhancement_reference import EnhancementReference, Image, Region, cropped
from lessgad.evaluation.enhancement_threshold import N_SIGMAS, exceeds_other_tissue


@dataclass(frozen=True)
class EnhancementScores:
    """Enhancement in one method's image of a study; NaN where undefined.

    Attributes:
        recovery: Share of the tumor's standard-dose enhancement that the image shows.
        false_ml: Volume that enhances only in this image.
        missed_ml: Volume of tumor that enhances only at the standard dose.
        cnr: Contrast-to-noise ratio.
        lbr: Lesion-to-background ratio.
        cep_percent: Contrast enhancement percentage.
    """

    recovery: float
    false_ml: float
    missed_ml: float
    cnr: float
    lbr: float
    cep_percent: float


def enhancement_scores(image: Image, reference: EnhancementReference, sigma: float | None) -> EnhancementScores:
    """Score one image of a study.

    Args:
        image: A method's image on [−1, 1], on the grid of the study.
        reference: What the standard dose of the study shows.
        sigma: SD of the noise of the acquired low dose on that scale, of which the image was made; None where unknown.

    Returns:
        The scores; NaN where undefined.

    Raises:
        VolumeError: The image is on another grid.
    """
    image = cropped(image, reference)
    enhancement = image - reference.pre_contrast
    threshold = reference.threshold.value
    ratios = contrast_ratios(image, reference.pre_contrast, reference.tumor, reference.background, sigma)
    return EnhancementScores(
        recovery=recovery(enhancement, reference, reference.tumor),
        false_ml=volume_ml(false_enhancement(enhancement, reference, threshold, threshold), reference.spacing_mm),
        missed_ml=volume_ml(missed_enhancement(enhancement, reference, threshold), reference.spacing_mm),
        cnr=ratios.cnr,
        lbr=ratios.lbr,
        cep_percent=ratios.cep_percent,
    )


def recovery(enhancement: Image, reference: EnhancementReference, region: Region) -> float:
    """Compute the share of the enhancement of a region that a method recovers.

        recovery = Σ E_method / Σ E_standard

    Undefined (NaN) where ΣE_standard is not above three times its noise, σ_E·√n over n voxels, and where the median of
    E_standard in the region does not exceed what other tissue differs by (`exceeds_other_tissue`): a share of such an
    enhancement means nothing.

    Args:
        enhancement: The image minus the T1.
        reference: What the standard dose shows.
        region: The region to measure in.

    Returns:
        Recovery; 1 for the standard dose, NaN where undefined.
    """
    standard = reference.enhancement[region].sum(dtype=np.float64)
    noise = reference.threshold.noise * math.sqrt(np.count_nonzero(region))
    found = reference.threshold
    if not standard > N_SIGMAS * noise or not exceeds_other_tissue(
        float(np.median(reference.enhancement[region])), found.noise, found.spread
    ):
        return math.nan
    return float(enhancement[region].sum(dtype=np.float64) / standard)


def false_enhancement(enhancement: Image, reference: EnhancementReference, threshold: float, shown: float) -> Region:
    """Find enhancement outside the dilated tumor that the standard dose does not show, in clusters of at least 10 mm³.

    Args:
        enhancement: E of the method.
        reference: What the standard dose of the study shows.
        threshold: Threshold of the method, on the scale of [−1, 1].
        shown: Threshold of the standard dose.

    Returns:
        True for such voxels.
    """
    false = reference.elsewhere & (enhancement > threshold) & (reference.enhancement <= shown)
    return in_clusters(false, reference.spacing_mm)


def missed_enhancement(enhancement: Image, reference: EnhancementReference, threshold: float) -> Region:
    """Find tumor that enhances at the standard dose and not in the image, in clusters of at least 10 mm³.

    In a lesion with less enhancement than that every voxel counts: otherwise small lesions would never be missed.

    Args:
        enhancement: E of the method.
        reference: What the standard dose of the study shows; its own threshold decides what enhances at the standard
            dose.
        threshold: Threshold of the method, on the scale of [−1, 1].

    Returns:
        True for such voxels.
    """
    below = enhancement <= threshold
    return in_clusters(reference.enhancing & below, reference.spacing_mm) | (reference.enhancing_little & below)
