# SPDX-License-Identifier: Apache-2.0
"""The largest value of a scan, except for a few voxels of vessels or spikes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

N_SPIKES = 10  # so many voxels may be brighter


def spike_free_maximum(image: Float[np.ndarray, "i j k"]) -> float:
    """Find the largest value of a scan after its `N_SPIKES` brightest voxels.

    Only the upper half of the range is sorted: sorting the many equal values of a background takes seconds.

    Args:
        image: A scan, any unit, any axis order.

    Returns:
        The (N_SPIKES + 1)-th largest value, in the unit of `image`; the smallest of an image with fewer voxels.
    """
    n_brighter = min(N_SPIKES, image.size - 1)
    brightest = image[image > image.max() / 2]
    if brightest.size <= n_brighter:
        brightest = image.ravel()
    place = brightest.size - 1 - n_brighter
    return float(np.partition(brightest, place)[place])
