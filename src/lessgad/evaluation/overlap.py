# SPDX-License-Identifier: Apache-2.0
"""How well a predicted region covers the reference: Dice, distances of the surfaces, volumes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from lessgad.evaluation.clusters import Spacing, box_around, volume_ml


@dataclass(frozen=True)
class Overlap:
    """A prediction against its reference.

    Attributes:
        dice: 2·|A ∩ B| / (|A| + |B|); 0 where one is empty, NaN where both are.
        hd95_mm: 95 % Hausdorff distance; NaN where one is empty.
        asd_mm: Average symmetric surface distance; NaN where one is empty.
        volume_ml: Volume of the prediction in ml.
        volume_error_ml: Volume of the prediction − volume of the reference.
    """

    dice: float
    hd95_mm: float
    asd_mm: float
    volume_ml: float
    volume_error_ml: float


def overlap(predicted: Bool[np.ndarray, "x y z"], reference: Bool[np.ndarray, "x y z"], spacing_mm: Spacing) -> Overlap:
    """Compare two masks.

    Surfaces are the voxels of a mask that share a face with one outside it; with S(A) that of A and d(a, B) the
    distance of a to the nearest voxel of S(B):

        HD95 = max(P95 of d(a, B) over S(A), P95 of d(b, A) over S(B))
        ASD  = (Σ d(a, B) + Σ d(b, A)) / (|S(A)| + |S(B)|)

    P95 is the percentile with linear interpolation. Computed by MONAI on the box that holds both masks, which changes
    nothing but the time.

    Args:
        predicted: The prediction.
        reference: Reference on the same grid.
        spacing_mm: Distance between voxels along x, y, z.

    Returns:
        Dice, distances and volumes; NaN where undefined.

    Source: Taha & Hanbury, BMC Medical Imaging 2015, for the definitions.
    """
    volume, reference_ml = volume_ml(predicted, spacing_mm), volume_ml(reference, spacing_mm)
    error = volume - reference_ml
    if not predicted.any() or not reference.any():
        return Overlap(dice(predicted, reference), math.nan, math.nan, volume, error)
    box = box_around(predicted | reference, (1, 1, 1))
    inside, truly = predicted[box], reference[box]
    hd95_mm, asd_mm = surface_distances_mm(inside, truly, spacing_mm)
    return Overlap(dice(inside, truly), hd95_mm, asd_mm, volume, error)


def dice(predicted: Bool[np.ndarray, "x y z"], reference: Bool[np.ndarray, "x y z"]) -> float:
    """Compute the Dice coefficient, 2·|A ∩ B| / (|A| + |B|).

    Args:
        predicted: Predicted mask.
        reference: Reference mask.

    Returns:
        Dice, 0–1; 0 if one mask is empty, NaN if both are.
    """
    both = np.count_nonzero(predicted) + np.count_nonzero(reference)
    return float(2 * np.count_nonzero(predicted & reference) / both) if both else math.nan


def surface_distances_mm(
    one: Bool[np.ndarray, "x y z"], other: Bool[np.ndarray, "x y z"], spacing_mm: Spacing
) -> tuple[float, float]:
    """Compute HD95 and ASD of two masks with MONAI.

    Args:
        one: A mask that is not empty.
        other: Another mask on the same grid, not empty.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        HD95 and ASD, in mm.
    """
    import warnings

    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    masks = [torch.from_numpy(np.pad(mask, 1))[None, None] for mask in (one, other)]
    with warnings.catch_warnings():  # MONAI warns of an argument that it passes to itself
        warnings.filterwarnings("ignore", ".*get_mask_edges.*", FutureWarning)
        hausdorff = compute_hausdorff_distance(*masks, include_background=True, percentile=95, spacing=list(spacing_mm))
        average = compute_average_surface_distance(
            *masks, include_background=True, symmetric=True, spacing=list(spacing_mm)
        )
    return float(hausdorff), float(average)
