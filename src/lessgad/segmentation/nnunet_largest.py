# SPDX-License-Identifier: Apache-2.0
"""Keep the largest piece of the outlined tumor, if this is better on patients outside the training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from nnunetv2.postprocessing.remove_connected_components import remove_all_but_largest_component_from_segmentation

from lessgad.evaluation.overlap import dice


def largest_piece(labels: UInt8[np.ndarray, "x y z"]) -> UInt8[np.ndarray, "x y z"]:
    """Remove all but the largest connected piece of all regions together.

    Args:
        labels: Number of the region of each voxel.

    Returns:
        The cleared segmentation.
    """
    if not labels.any():
        return labels
    present = [int(number) for number in np.unique(labels[labels > 0])]
    kept: UInt8[np.ndarray, "x y z"] = remove_all_but_largest_component_from_segmentation(labels, present)
    return kept.astype(np.uint8)


def dice_of(
    predicted: UInt8[np.ndarray, "x y z"], reference: UInt8[np.ndarray, "x y z"], n_regions: int
) -> Float[np.ndarray, " regions"]:
    """Compute the Dice coefficient of each region and of their union.

    Args:
        predicted: Predicted region of each voxel.
        reference: Reference region of each voxel.
        n_regions: Number of regions.

    Returns:
        Dice, 0–1; NaN if both are empty.
    """
    pairs = [(predicted == number, reference == number) for number in range(1, n_regions + 1)]
    pairs.append((predicted > 0, reference > 0))
    return np.array([dice(*pair) for pair in pairs])


def largest_is_better(
    of_all: Sequence[Float[np.ndarray, " regions"]], of_largest: Sequence[Float[np.ndarray, " regions"]]
) -> bool:
    """Say whether keeping the largest piece raises the mean Dice of the union and lowers that of no region.

    Source: nnU-Net's ``determine_postprocessing``.

    Args:
        of_all: `dice_of` each patient; NaN is left out of the means.
        of_largest: The same patients in the same order, the largest piece alone. What becomes empty on both sides by
            clearing counts 1, as right; it cannot be left out without favoring the other.

    Returns:
        True if it does.
    """
    before, after = np.array(of_all), np.array(of_largest)
    looked_at = ~np.isnan(before)
    after = np.where(looked_at & np.isnan(after), 1.0, after)
    n_regions = before.shape[1]
    means = [
        (float(before[looked_at[:, k], k].mean()), float(after[looked_at[:, k], k].mean()))
        for k in range(n_regions)
        if looked_at[:, k].any()
    ]
    if not means or not looked_at[:, -1].any():
        return False
    return means[-1][1] > means[-1][0] and all(kept >= every for every, kept in means)
