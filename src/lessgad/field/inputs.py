# SPDX-License-Identifier: Apache-2.0
"""The images that a field sees: those that it was made for, in its order; a T2 may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from lessgad.field.presets import FieldSettings, InputImage

BACKGROUND = -1.0


def images_seen(
    images: Mapping[str, Float[np.ndarray, "*shape"]], inputs: tuple[InputImage, ...]
) -> dict[str, Float[np.ndarray, "*shape"]]:
    """Choose the input images of a field, in its order; a missing T2 is background (−1) everywhere.

    Args:
        images: By name, on one grid and on [−1, 1]; `low_dose` among them.
        inputs: Inputs of the field.

    Returns:
        The images by name.

    Raises:
        KeyError: Another image is missing.
    """
    background = np.broadcast_to(np.float32(BACKGROUND), images["low_dose"].shape)
    return {name: images.get(name, background) if name == "t2" else images[name] for name in inputs}


def stacked_sources(
    images: Mapping[str, Float[np.ndarray, "z y x"]], numbers: Sequence[int], field: FieldSettings
) -> Float[np.ndarray, "n c y x"]:
    """Stack what a field sees to restore some slices: each input with the slices around it.

    Args:
        images: All slices of each image, by name, on [−1, 1].
        numbers: Numbers of the slices to restore.
        field: Says which images, in which order, and how many slices around.

    Returns:
        One source for each number, channels as in `FieldSettings.channels_of`, float32.

    Raises:
        KeyError: An image other than the T2 is missing.
    """
    seen = images_seen(images, field.inputs)
    around = slices_around(numbers, field.n_neighbor_slices, len(images["low_dose"]))
    return np.concatenate([image[around] for image in seen.values()], axis=1, dtype=np.float32)


def slices_around(numbers: Sequence[int], n_neighbors: int, n_slices: int) -> Int[np.ndarray, "n k"]:
    """Number each slice with its neighbors, lowest first; beyond either end the last slice stands again.

    Args:
        numbers: Numbers of n slices, from 0.
        n_neighbors: Number of neighbors on either side.
        n_slices: Number of slices of the stack.

    Returns:
        k = 2 · n_neighbors + 1 numbers for each.
    """
    offsets = np.arange(-n_neighbors, n_neighbors + 1)
    return np.clip(np.asarray(numbers, dtype=np.int64)[:, None] + offsets, 0, n_slices - 1)
