# SPDX-License-Identifier: Apache-2.0
"""Changes in a second scan that another position of the head causes, as measured between T1 and T1ce."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from lessgad.training.misalignment import COMMON, OWN, fine_difference

Image = Float[np.ndarray, "x y z"]


def change_of_position(
    t1: Image, t1ce: Image, head: Bool[np.ndarray, "x y z"], spacing_mm: tuple[float, float, float], sign: int
) -> Image:
    """Simulate the difference between a second T1ce and the first that another position of the head causes.

        change = −½ r ± √¾ r′

    `r` is the fine difference between T1ce and T1 where nothing enhances (`fine_difference`), which measures what
    repositioning and re-slicing change. Two scans differ from a common third by differences that correlate by ½: the
    second T1ce loses half of the r of the first and gains √¾ of a difference that does not depend on it. For this the
    r of the other side of the head is taken, r′: heads are nearly symmetric, so that its edges lie in the same places
    and are as strong. The difference of the second T1ce to the T1 is then as strong as that of the first.

    Args:
        t1: T1 without noise, on [−1, 1], x from one side of the head to the other.
        t1ce: T1ce without noise.
        head: Foreground; the middle of its box along x is the mirror.
        spacing_mm: Voxel spacing along x, y, z, in mm.
        sign: +1 or −1.

    Returns:
        The change, on the scale of the images.
    """
    in_plane = spacing_mm[1], spacing_mm[0]
    fine = fine_difference(t1.transpose(2, 1, 0), t1ce.transpose(2, 1, 0), in_plane).transpose(2, 1, 0)
    change: Image = np.float32(-COMMON) * fine + np.float32(sign * OWN) * _mirrored(fine, head)
    return change


def _mirrored(image: Image, head: Bool[np.ndarray, "x y z"]) -> Image:
    """Mirror an image about the middle of the head; 0 where the other side lies outside."""
    other = np.zeros_like(image)
    occupied = np.flatnonzero(head.any(axis=(1, 2)))
    if occupied.size == 0:
        return other
    partner = occupied[0] + occupied[-1] - np.arange(image.shape[0])
    known = (partner >= 0) & (partner < image.shape[0])
    other[known] = image[partner[known]]
    return other
