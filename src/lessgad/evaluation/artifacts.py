# SPDX-License-Identifier: Apache-2.0
"""What an eye sees of a whole image at one glance: wrong brightness, lines and specks, lost texture and edges.

Errors are relative to the signal of tissue, the second histogram peak of the T1 over true zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.evaluation.clusters import Spacing, box_around, in_clusters, volume_ml

Image = Float[np.ndarray, "x y z"]
Region = Bool[np.ndarray, "x y z"]
OFF_BY = 0.3  # of the signal of tissue
FINE_MM = 1.0  # SD of the Gaussian that fine structure is what remains of
FEWEST_VOXELS = 30


@dataclass(frozen=True)
class ArtifactScores:
    """How an image differs from the standard dose over the whole head; NaN where undefined.

    Attributes:
        rms_error: Root mean square error in the head, as a share of the signal of tissue.
        rms_error_outside: The same error outside the tumor.
        off_share: Share of head voxels off by more than 30 % of the signal of tissue.
        off_share_outside: The same share outside the tumor.
        brighter_ml: Volume brighter than both T1 and standard dose by more than that, in clusters of 10 mm³ or more.
        darker_ml: Volume darker than both by more than that, in clusters of 10 mm³ or more.
        texture_ratio: SD of the fine structure in the tumor over that of the standard dose; 1 is right.
        edge_error: RMS error of the gradient in the tumor over the RMS gradient of the standard dose; 0 is right.
    """

    rms_error: float
    rms_error_outside: float
    off_share: float
    off_share_outside: float
    brighter_ml: float
    darker_ml: float
    texture_ratio: float
    edge_error: float

    @property
    def artifact_ml(self) -> float:
        """Volume of both kinds."""
        return self.brighter_ml + self.darker_ml


def artifact_scores(
    image: Image,
    pre_contrast: Image,
    standard_dose: Image,
    head: Region,
    tumor: Region | None,
    spacing_mm: Spacing,
    tissue_level: float,
) -> ArtifactScores:
    """Compare an image with the standard dose in the whole head.

    Args:
        image: A method's image on [−1, 1].
        pre_contrast: T1, on the same grid and scale.
        standard_dose: T1ce on the same grid and scale.
        head: Foreground.
        tumor: Mask of the tumor; None without one.
        spacing_mm: Voxel spacing along each axis.
        tissue_level: Signal of tissue on that scale, true zero at 0.

    Returns:
        The scores.
    """
    error = (np.asarray(image, np.float32) - standard_dose) / np.float32(tissue_level)
    outside = head if tumor is None else head & ~tumor
    brighter, darker = beyond_both(image, pre_contrast, standard_dose, head, OFF_BY * tissue_level)
    texture, edges = (math.nan, math.nan) if tumor is None else _fine(image, standard_dose, tumor, spacing_mm)
    return ArtifactScores(
        rms_error=_rms(error, head),
        rms_error_outside=_rms(error, outside),
        off_share=_off(error, head),
        off_share_outside=_off(error, outside),
        brighter_ml=volume_ml(in_clusters(brighter, spacing_mm), spacing_mm),
        darker_ml=volume_ml(in_clusters(darker, spacing_mm), spacing_mm),
        texture_ratio=texture,
        edge_error=edges,
    )


def beyond_both(image: Image, one: Image, other: Image, head: Region, by: float) -> tuple[Region, Region]:
    """Find voxels of the head that are brighter, or darker, than both of two other images.

    Args:
        image: The image to judge, on [−1, 1].
        one: The first image.
        other: The second image.
        head: Foreground of the study.
        by: Smallest difference, on the scale of [−1, 1].

    Returns:
        The brighter and the darker voxels, (x, y, z) each.
    """
    brighter = head & (image > np.maximum(one, other) + by)
    darker = head & (image < np.minimum(one, other) - by)
    return brighter, darker


def _rms(error: Image, region: Region) -> float:
    return float(np.sqrt(np.mean(error[region].astype(np.float64) ** 2))) if region.any() else math.nan


def _off(error: Image, region: Region) -> float:
    return float(np.mean(np.abs(error[region]) > OFF_BY)) if region.any() else math.nan


def _fine(image: Image, standard_dose: Image, tumor: Region, spacing_mm: Spacing) -> tuple[float, float]:
    """Ratio of fine structure, and error of edges, in the tumor."""
    from scipy.ndimage import gaussian_filter

    if np.count_nonzero(tumor) < FEWEST_VOXELS:
        return math.nan, math.nan
    around = box_around(tumor, (4, 4, 4))
    inside = tumor[around]
    pair = [np.asarray(x[around], np.float32) for x in (image, standard_dose)]
    widths = [FINE_MM / mm for mm in spacing_mm]
    fine = [float((x - gaussian_filter(x, widths))[inside].std()) for x in pair]
    gradients = [_slopes(x, inside, spacing_mm) for x in pair]
    steepness = float(np.sqrt(np.mean(gradients[1] ** 2)))
    texture = fine[0] / fine[1] if fine[1] > 0 else math.nan
    edges = float(np.sqrt(np.mean((gradients[0] - gradients[1]) ** 2))) / steepness if steepness > 0 else math.nan
    return texture, edges


def _slopes(image: Image, inside: Region, spacing_mm: Spacing) -> Float[np.ndarray, "axis voxel"]:
    return np.stack([np.gradient(image, mm, axis=axis)[inside] for axis, mm in enumerate(spacing_mm)]).astype(float)
