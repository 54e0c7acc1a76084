# SPDX-License-Identifier: Apache-2.0
"""What the network is shown: a prepared image with true zero at zero, and nothing outside the head."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def input_image(
    image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"] | None
) -> Float[np.ndarray, "x y z"]:
    """Shift an image from [−1, 1] to x + 1, so that true zero is 0, and set voxels outside the head to 0.

    nnU-Net cuts away what is exactly zero around the head. Noise in air is not, so that without `head` the noisy image
    of a skull-stripped study would be cut, and hence normalized, unlike the standard dose.

    Args:
        image: Image on [−1, 1].
        head: Foreground; None keeps the air, for external models trained on whole images.

    Returns:
        The image on [0, 2].
    """
    shifted = np.asarray(image, dtype=np.float32) + np.float32(1)
    return shifted if head is None else np.where(head, shifted, np.float32(0))
