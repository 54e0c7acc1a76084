# SPDX-License-Identifier: Apache-2.0
"""Plain NIfTI files on one grid, shown side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int16

from lessgad.errors import InputError
from lessgad.viewer.browser_images import N_LEVELS, browser_labels, browser_voxels
from lessgad.viewer.shown_study import Figure, ListedStudy, ShownDose, ShownImage, ShownStudy, lesion_of
from lessgad.volume import Volume, check_same_grid, in_transverse_order, read_volume

MOST_FILES = 8
TISSUE_SHARE = 2 / 7  # of full scale, as in a prepared study
SAMPLED_VOXELS = 1_000_000  # about so many give the levels of an image; sorting all of them takes seconds
_LABELS = ("dseg", "mask", "label", "seg")


class FileSource:
    """One study made of files; each image is scaled by its own tissue level.

    Args:
        paths: NIfTI files; names that contain dseg, mask, seg or label are overlays.

    Raises:
        InputError: Too many files, or none that is an image.
        VolumeError: A file cannot be read, or is on another grid than the first.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        if len(paths) > MOST_FILES:
            raise InputError(f"{len(paths)} files were given; at most {MOST_FILES} can be shown")
        self._paths = list(paths)
        if all(map(_is_labels, self._paths)):
            raise InputError("Only masks were given; at least one image is needed")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._volumes = list(pool.map(_read, self._paths))
        for volume, path in zip(self._volumes, self._paths, strict=True):
            check_same_grid(volume, self._volumes[0], f"The file is not on the grid of {self._paths[0].name}", path)

    @property
    def title(self) -> str:
        """Name of the page."""
        return "lessgad view"

    @property
    def notice(self) -> str:
        """Nothing is known of files."""
        return ""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """No figures are known of files."""
        return ()

    @property
    def doses(self) -> tuple[ShownDose, ...]:
        """No doses are known of files."""
        return ()

    @property
    def studies(self) -> tuple[ListedStudy, ...]:
        """The files are one study."""
        return (ListedStudy(self._paths[0].name.split(".")[0]),)

    def study(self, number: int) -> ShownStudy:
        """Describe the files; the first label file says where the lesion is."""
        first = self._volumes[0]
        masks = [v.array > 0 for v, path in zip(self._volumes, self._paths, strict=True) if _is_labels(path)]
        images = [
            ShownImage(str(place), path.name, "labels" if _is_labels(path) else "image")
            for place, path in enumerate(self._paths)
        ]
        n_x, n_y, n_z = first.array.shape
        return ShownStudy(
            name=self.studies[number].name,
            shape=(n_x, n_y, n_z),
            spacing_mm=first.spacing_mm,
            tissue=round(TISSUE_SHARE * (N_LEVELS - 1)),
            lesion=lesion_of(masks[0], first.spacing_mm) if masks else None,
            doses=(),
            images=tuple(sorted(images, key=lambda image: image.kind != "image")),
        )

    def voxels(self, number: int, key: str, dose: str) -> Int16[np.ndarray, "z y x"] | None:
        """Give the voxels of one file; the files are one study and do not depend on a dose.

        Args:
            number: Number of the study in the list.
            key: Key of the image.
            dose: Dose as the address of the page spells it.

        Returns:
            The voxels; None if there is no such file.
        """
        if number or dose or not key.isdecimal() or int(key) >= len(self._volumes):
            return None
        array = self._volumes[int(key)].array
        return (
            browser_labels(array)
            if _is_labels(self._paths[int(key)])
            else browser_voxels(array, *_gain_and_offset(array))
        )


def _read(path: Path) -> Volume:
    return in_transverse_order(read_volume(path, labels=_is_labels(path), needs_contrast=False))


def _is_labels(path: Path) -> bool:
    stem = path.name.lower().split(".")[0]
    return any(word in stem for word in _LABELS)


def _gain_and_offset(array: Float[np.ndarray, "x y z"]) -> tuple[float, float]:
    """Find what takes an image to [−1, 1]: air to −1, the median of the foreground to the tissue level.

    An image with negative voxels (a map) keeps zero in the middle, its 99.5th percentile at full scale. The levels of a
    large image are those of evenly spaced voxels.

    Args:
        array: The image.

    Returns:
        Factor and offset.
    """
    step = max(1, round((array.size / SAMPLED_VOXELS) ** (1 / 3)))
    sample = array[::step, ::step, ::step]
    bright = float(np.percentile(np.abs(sample), 99.5))
    if float(array.min()) < -0.2 * bright:
        return 1 / (bright or 1.0), 0.0
    head = sample[sample > 0.15 * bright]
    tissue = float(np.median(head)) if head.size else 1.0
    return 2 * TISSUE_SHARE / (tissue or 1.0), -1.0
