# SPDX-License-Identifier: Apache-2.0
"""The scale of a T2: its own, for nothing in a T1 says how bright a T2 is."""

from __future__ import annotations

import numpy as np

from lessgad.errors import StudyError
from lessgad.preparation.head import head_mask
from lessgad.preparation.normalization import Normalization
from lessgad.volume import Volume

# In the T2 of ten glioma patients the quartiles of the head are 0.83 to 0.90 and 1.18 to 1.32 times its median, and
# the 99.9th percentile, liquor, 2.4 to 3.5 times. Heavily T2-weighted liquor may clip: it stays the brightest.
T2_LEVEL = 4.0


def t2_normalization(t2: Volume) -> Normalization:
    """Make the map that takes true zero to −1 and the median of the head to −1 + 2 / 4.

    Args:
        t2: T2 as scanned, in transverse order, any unit.

    Returns:
        The map.

    Raises:
        StudyError: There is no head in it.
    """
    image = t2.array.astype(np.float32)
    head = head_mask(image, t2.spacing_mm)
    level = float(np.median(image[head]))
    if level <= 0:
        raise StudyError(f"The median of the T2 in the head is {level:g}; it must be above zero")
    return Normalization(0.0, T2_LEVEL * level)
