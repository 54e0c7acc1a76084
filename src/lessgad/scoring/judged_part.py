# SPDX-License-Identifier: Apache-2.0
"""The part of a study that is evaluated: its areas, and the box around the head that holds all that they depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from lessgad.evaluation.clusters import Spacing
from lessgad.evaluation.similarity import Area, bounding_box
from lessgad.evaluation.ssim_window import SSIM_RADIUS_VOXELS
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.restoration.discrepancy import FWHM_MM
from lessgad.restoration.smoothing import Smoothing


def areas_of(study: PreparedStudy, regions: Regions) -> dict[Area, Bool[np.ndarray, "x y z"]]:
    """Give the areas of a study: the tumor's box and the tumor if there is a mask, and the head.

    Voxels that one of the scans does not cover are left out, because images of pure background always agree.

    Args:
        study: The prepared study.
        regions: Label values of each region.

    Returns:
        Voxels of each area.
    """
    tumor = study.tumor(regions)
    areas: dict[Area, Bool[np.ndarray, "x y z"]] = {}
    if tumor is not None:
        box = bounding_box(tumor)
        areas = {"tumor_box": box if study.covered is None else box & study.covered, "tumor": tumor}
    return {**areas, "head": study.head}


def cut_to(study: PreparedStudy, box: tuple[slice, ...]) -> PreparedStudy:
    """Cut the images and masks of a study to a box, in memory, without the source of its low doses.

    Args:
        study: The prepared study.
        box: Index of the box.

    Returns:
        The cut study.
    """

    def cut(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array[box])

    return replace(
        study,
        pre_contrast=cut(study.pre_contrast),
        standard_dose=cut(study.standard_dose),
        head=cut(study.head),
        labels=None if study.labels is None else cut(study.labels),
        covered=None if study.covered is None else cut(study.covered),
        clean_pre_contrast=None,
        clean_standard_dose=None,
        t2=None,
    )


def beyond_head(spacing_mm: Spacing) -> tuple[int, ...]:
    """Give the number of voxels around the head that influence its scores, along each axis.

    Args:
        spacing_mm: Voxel spacing, in mm.

    Returns:
        The number along each axis.
    """
    return tuple(max(SSIM_RADIUS_VOXELS, reach) for reach in Smoothing(FWHM_MM[0], spacing_mm).reach)
