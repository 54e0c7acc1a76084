# SPDX-License-Identifier: Apache-2.0
"""Figures as small PNG files, for pages with many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lessgad.report.style import drawn, png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL_DOTS_PER_INCH = 110
_LEVELS = 64


def to_small_png(figure: Figure) -> bytes:
    """Render a figure as a PNG of less than half the size, for pages with many figures.

    Fewer dots, 64 levels of each channel, a palette of 256 colors: grays are off by at most 2 in 255,
    the edges of colored lines by more.

    Args:
        figure: The figure.

    Returns:
        The PNG.
    """
    from PIL import Image

    pixels = np.asarray(drawn(figure, SMALL_DOTS_PER_INCH), dtype=np.float64)
    levels = np.rint(np.rint(pixels * (_LEVELS - 1) / 255) * 255 / (_LEVELS - 1)).astype(np.uint8)
    return png_bytes(Image.fromarray(levels).quantize(256, dither=Image.Dither.NONE))
