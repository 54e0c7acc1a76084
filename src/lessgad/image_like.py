# SPDX-License-Identifier: Apache-2.0
"""An image as users have it: a volume, a path, or an image of nibabel."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from lessgad.volume import Volume, read_volume


@runtime_checkable
class NibabelImage(Protocol):
    """The part of an image of nibabel that lessgad uses."""

    affine: np.ndarray
    header: Any
    dataobj: Any


#: Every function of the public API takes an image in any of these forms.
ImageLike = Volume | Path | str | NibabelImage


def as_volume(image: ImageLike, *, labels: bool = False) -> Volume:
    """Read or convert an image; a volume is returned unchanged.

    Args:
        image: A volume, the path of a NIfTI file, or an image of nibabel.
        labels: Whether the voxels are labels.

    Returns:
        The volume, in the axis order of the image.

    Raises:
        VolumeError: The file or image cannot be used.
    """
    if isinstance(image, Volume):
        return image
    if isinstance(image, Path | str):
        return read_volume(image, labels=labels)
    return Volume.from_nibabel(image, labels=labels)


def optional_volume(image: ImageLike | None) -> Volume | None:
    """Read or convert an image that may be missing, as `as_volume` does."""
    return None if image is None else as_volume(image)
