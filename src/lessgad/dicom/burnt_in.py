# SPDX-License-Identifier: Apache-2.0
"""Words burnt into the pixels of an image, so that no viewer can hide them."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Bool, Float

NOT_FOR_DIAGNOSIS = "NOT FOR DIAGNOSIS"
_SHARE_OF_WIDTH = 0.6
_LARGEST_FONT, _SMALLEST_FONT = 40, 6


def burn_in(
    pixels: Float[np.ndarray, "row column"], lines: tuple[str, ...], brightness: float
) -> Float[np.ndarray, "row column"]:
    """Write lines of text into the upper left corner of an image, bright on a band of its darkest value.

    Args:
        pixels: The image.
        lines: Text, ASCII.
        brightness: Value of the letters.

    Returns:
        A copy; all pixels outside of the band are as they were.
    """
    letters = _letters(lines, pixels.shape[1])
    rows, columns = (min(have, want) for have, want in zip(pixels.shape, letters.shape, strict=True))
    burnt = pixels.copy()
    burnt[:rows, :columns] = np.where(letters[:rows, :columns], brightness, pixels.min())
    return burnt


@cache
def _letters(lines: tuple[str, ...], width: int) -> Bool[np.ndarray, "row column"]:
    """Draw lines of text on a band as wide as most of the image; True where there is ink."""
    from PIL import Image, ImageDraw, ImageFont

    wanted = max(1.0, _SHARE_OF_WIDTH * width)
    size = _LARGEST_FONT
    text = "\n".join(lines)
    while True:
        font = ImageFont.load_default(size)
        _, _, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font=font)
        if right <= wanted or size <= _SMALLEST_FONT:
            break
        size -= 1
    image = Image.new("L", (int(np.ceil(right)) + 2, int(np.ceil(bottom)) + 2), 0)
    ImageDraw.Draw(image).multiline_text((1, 1), text, fill=255, font=font)
    return np.asarray(image) > 127
