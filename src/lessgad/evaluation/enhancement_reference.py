# SPDX-License-Identifier: Apache-2.0
"""What the standard dose of a study shows, and where it is asked of other images; found once, used for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.errors import VolumeError
from lessgad.evaluation.clusters import SMALLEST_CLUSTER_MM3, Spacing, box_around, distance_mm, fewest_voxels
from lessgad.evaluation.contrast_ratios import background_tissue
from lessgad.evaluation.enhancement_threshold import EnhancementThreshold, enhancement_threshold
from lessgad.evaluation.tumor_size import Lesion, find_lesions

Image = Float[np.ndarray, "x y z"]
Region = Bool[np.ndarray, "x y z"]

DILATION_MM = 3.0  # the rim of a tumor, where registration and partial volume decide, is nobody's false enhancement
BACKGROUND_MM = 10.0  # beyond the dilated tumor


@dataclass(frozen=True, eq=False)
class EnhancementReference:
    """One study's standard dose, and where what is counted; the same for every method and dose.

    All arrays are cropped to the head.

    Attributes:
        box: Box of these arrays in the images of the study.
        shape: Shape of those images.
        pre_contrast: T1 on [−1, 1].
        enhancement: E of the standard dose.
        threshold: Threshold of enhancement, on the scale of [−1, 1].
        tumor: Mask of the tumor.
        enhancing: Tumor that enhances at the standard dose.
        enhancing_little: The same, of lesions that hold less of it than the smallest cluster.
        elsewhere: Head outside the dilated tumor.
        background: Tissue within 10 mm of the dilated tumor that does not enhance at the standard dose.
        lesions: Parts of the tumor, by the numbers in `lesion_numbers`.
        lesion_numbers: Which lesion each voxel is of, 0 for none.
        spacing_mm: Distance between voxels along x, y, z.
    """

    box: tuple[slice, ...]
    shape: tuple[int, ...]
    pre_contrast: Image
    enhancement: Image
    threshold: EnhancementThreshold
    tumor: Region
    enhancing: Region
    enhancing_little: Region
    elsewhere: Region
    background: Region
    lesions: tuple[Lesion, ...]
    lesion_numbers: Int[np.ndarray, "x y z"]
    spacing_mm: Spacing


def enhancement_reference(
    pre_contrast: Image,
    standard_dose: Image,
    tumor: Region,
    head: Region,
    spacing_mm: Spacing,
    sigmas: tuple[float, float] | None,
) -> EnhancementReference:
    """Find the enhancement that the standard dose shows, once per study.

    Args:
        pre_contrast: T1 on [−1, 1].
        standard_dose: T1ce on the same grid and scale.
        tumor: Mask of the tumor.
        head: Foreground.
        spacing_mm: Distance between voxels along x, y, z.
        sigmas: SD of the noise of T1 and T1ce on that scale; None where unknown.

    Returns:
        The reference for all methods.

    Raises:
        VolumeError: The tumor or the head around it is empty.
    """
    box, shape = box_around(head | tumor), head.shape
    tumor, head, pre_contrast = tumor[box], head[box], np.asarray(pre_contrast[box])
    enhancement = standard_dose[box] - pre_contrast
    distance = distance_mm(tumor, spacing_mm, DILATION_MM + BACKGROUND_MM)
    elsewhere = head & (distance > DILATION_MM * (1 + 1e-6))
    threshold = enhancement_threshold(enhancement, tumor, elsewhere, sigmas)
    enhances = enhancement > threshold.value
    enhancing = tumor & enhances
    numbers, lesions = find_lesions(tumor, spacing_mm)
    n_enhancing = np.bincount(numbers[enhancing], minlength=len(lesions) + 1)
    little = n_enhancing < fewest_voxels(SMALLEST_CLUSTER_MM3, spacing_mm)
    return EnhancementReference(
        box=box,
        shape=shape,
        pre_contrast=pre_contrast,
        enhancement=enhancement,
        threshold=threshold,
        tumor=tumor,
        enhancing=enhancing,
        enhancing_little=enhancing & little[numbers],
        elsewhere=elsewhere,
        background=background_tissue(pre_contrast, head, elsewhere & ~enhances & np.isfinite(distance)),
        lesions=lesions,
        lesion_numbers=numbers,
        spacing_mm=spacing_mm,
    )


def cropped(image: Image, reference: EnhancementReference) -> Float[np.ndarray, "u v w"]:
    """Crop an image of the study to the arrays of its reference.

    Args:
        image: An image of the study, on its grid.
        reference: What the standard dose shows.

    Returns:
        The cropped image, (u, v, w).

    Raises:
        VolumeError: The image is on another grid.
    """
    if image.shape != reference.shape:
        raise VolumeError(
            f"The image has {image.shape} voxels and the reference {reference.shape}; they must be on one grid"
        )
    return np.asarray(image[reference.box])
