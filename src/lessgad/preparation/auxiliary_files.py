# SPDX-License-Identifier: Apache-2.0
"""A further image of a prepared study on disk: the image, and beside it in JSON what was done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from lessgad.atomic_write import write_text
from lessgad.errors import VolumeError
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume

_AGAIN = "Remove it and run the stage prepare again"


def description_of(image: Path) -> Path:
    """Say where the description of an image lies."""
    return image.with_suffix(".json")


def write_auxiliary_image(
    path: Path, image: Float[np.ndarray, "x y z"], grid: Volume, description: dict[str, Any]
) -> None:
    """Write an image in transverse order on the grid (and in the axis order) of its T1, the description last.

    Args:
        path: The file to write.
        image: The image.
        grid: A volume on the grid to use.
        description: Values that describe the image.
    """
    affine = in_transverse_order(grid).affine
    write_volume(path, in_order_of(Volume(image.astype(np.float32), affine), grid))
    write_text(description_of(path), json.dumps(description, indent=1) + "\n")


def read_auxiliary_image(path: Path) -> tuple[Float[np.ndarray, "x y z"], dict[str, Any]]:
    """Read what `write_auxiliary_image` wrote; voxels are read when they are used.

    Args:
        path: The file to read.

    Returns:
        The image, (x, y, z), and its description.

    Raises:
        VolumeError: A file is missing or damaged.
    """
    try:
        description = json.loads(description_of(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VolumeError("A prepared image is missing or damaged", path=path, remedy=_AGAIN) from error
    if not isinstance(description, dict):
        raise VolumeError(
            f"The description holds a {type(description).__name__}; it must hold values by name",
            path=description_of(path),
            remedy=_AGAIN,
        )
    return in_transverse_order(read_volume(path, own=True)).array, description
