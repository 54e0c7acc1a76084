# SPDX-License-Identifier: Apache-2.0
"""Find intensities that left the range of their data type and came back at its other end."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.preparation.spike_free_maximum import N_SPIKES, spike_free_maximum

#: Of the brightest voxels. What is darker, and enclosed by what is brighter, is a hole.
DARK = 0.5
#: From a hole to the voxel beside it, over the brightest voxels. In a scan, partial volume lies between the two.
LEAST_STEP = 0.6
#: Share of the faces of a hole that are such steps. Bone in the fat of the scalp has them on its outer side alone.
LEAST_SHARP = 0.6
#: Intensity rises by this much toward the step, and then falls. Beside a hole of the anatomy it is level.
LEAST_RISE, MOST_RISE = 0.03, 0.5
FEWEST_STEPS, LEAST_STEPS_SHARE, FOREGROUND = 20, 3e-5, 0.1
#: A saturated scan has more voxels in the top 0.2 % of its range than in the 0.8 % below.
TOP, BELOW_TOP = 0.998, 0.99


def steps_into_holes(image: Float[np.ndarray, "i j k"]) -> int:
    """Count the steps from the brightest voxels of a head into dark holes within them.

    Values that exceed the range of their data type (12 bits, 16 bits) wrap around to its lower end, or are set to 0.
    Either way, holes appear in the brightest parts: intensity rises toward a hole and falls into it within one voxel,
    on all of its sides.

    Args:
        image: A scan, any unit, any axis order.

    Returns:
        Number of voxel faces with such a step; 0 where they are few, as in scans that lost nothing and in saturated
        ones.
    """
    from scipy import ndimage

    brightest = spike_free_maximum(image)
    if brightest <= 0 or min(image.shape) < 3:
        return 0
    relative = np.minimum(image / np.float32(brightest), np.float32(1))
    fewest = max(float(FEWEST_STEPS), LEAST_STEPS_SHARE * int(np.count_nonzero(relative > FOREGROUND)))
    if sum(int(np.count_nonzero(np.abs(np.diff(relative, axis=axis)) > LEAST_STEP)) for axis in range(3)) < fewest:
        return 0  # as in most scans; finding the holes takes longer
    n_top = np.count_nonzero(relative > TOP)
    if n_top > np.count_nonzero(relative > BELOW_TOP) - n_top + N_SPIKES:
        return 0
    components, n_components = ndimage.label(relative < DARK)
    hole, step, rise = _faces(relative, components, ~_reaches_border(components, n_components))
    is_step = step > LEAST_STEP
    n_steps, n_faces = (np.bincount(hole[where], minlength=n_components + 1) for where in (is_step, slice(None)))
    counted = is_step & (n_steps >= LEAST_SHARP * n_faces)[hole]
    n_rising, n_falling = (
        int(np.count_nonzero(counted & (sign * rise > LEAST_RISE) & (sign * rise < MOST_RISE))) for sign in (1, -1)
    )
    return int(np.count_nonzero(counted)) if n_rising >= max(fewest, 2 * n_falling) else 0


def _reaches_border(components: Int[np.ndarray, "i j k"], n_components: int) -> Bool[np.ndarray, " labels"]:
    """Tell which components touch the border of the image.

    Args:
        components: Label of each voxel, 0 outside of components, (i, j, k).
        n_components: The largest label.

    Returns:
        True for labels that touch the border, and for label 0.
    """
    reaches = np.zeros(n_components + 1, bool)
    reaches[0] = True
    for axis in range(3):
        for end in (0, -1):
            reaches[np.unique(np.take(components, end, axis=axis))] = True
    return reaches


def _faces(
    relative: Float[np.ndarray, "i j k"], components: Int[np.ndarray, "i j k"], is_hole: Bool[np.ndarray, " labels"]
) -> tuple[Int[np.ndarray, " faces"], Float[np.ndarray, " faces"], Float[np.ndarray, " faces"]]:
    """List the voxel faces between holes and what is around them.

    Args:
        relative: Intensities over the brightest, (i, j, k).
        components: Label of each dark component, (i, j, k).
        is_hole: Whether a component is a hole, by label.

    Returns:
        For each face: label of its hole, step up out of the hole, and rise of the bright voxel over the one beyond it.
    """
    found = []
    in_holes, in_none = is_hole[components], components == 0
    for axis in range(3):
        for direction in (1, -1):
            values, labels, holes, around = (
                np.moveaxis(array, axis, 0)[::direction] for array in (relative, components, in_holes, in_none)
            )
            face = np.nonzero(holes[:-2] & around[1:-1])
            dark, bright, beyond = (part[face] for part in (values[:-2], values[1:-1], values[2:]))
            found.append((labels[:-2][face], bright - dark, bright - beyond))
    hole, step, rise = (np.concatenate(part) for part in zip(*found, strict=True))
    return hole, step, rise
