# SPDX-License-Identifier: Apache-2.0
"""Images as browsers get them: voxels alone, no header, no name; and what is needed to show them in proportion."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int, Int16

from lessgad.atomic_write import replacing
from lessgad.errors import ReaderStudyError

#: Gray values of an image: 12 bits, as scanners give.
N_LEVELS = 4096
_GZIP_LEVEL = 3


@dataclass(frozen=True)
class Grid:
    """Grid of the voxels of a case.

    Attributes:
        shape: Columns, rows, slices.
        spacing_mm: Between columns, rows, slices.
        tissue: Stored value of the tissue level of the T1; window and level are percentages of it.
        lesion_slice: Slice in which the tumor is largest; None without a mask.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    tissue: int
    lesion_slice: int | None

    @property
    def first_slice(self) -> int:
        """The slice that is shown first: the middle, so that it does not point at the lesion."""
        return self.shape[2] // 2


def grid_of(
    shape: tuple[int, ...],
    spacing_mm: tuple[float, float, float],
    tissue_level: float,
    tumor: Bool[np.ndarray, "x y z"] | None,
) -> Grid:
    """Describe the voxels of a prepared study.

    Args:
        shape: Along x, y, z.
        spacing_mm: Voxel spacing along x, y, z, in mm.
        tissue_level: Second peak of the T1 over true zero, on the scale of [−1, 1].
        tumor: Mask of the tumor.

    Returns:
        The grid.
    """
    n_x, n_y, n_z = shape
    area = tumor.sum(axis=(0, 1)) if tumor is not None and tumor.any() else None
    return Grid(
        shape=(n_x, n_y, n_z),
        spacing_mm=spacing_mm,
        tissue=max(1, round(tissue_level / 2 * (N_LEVELS - 1))),
        lesion_slice=None if area is None else int(area.argmax()),
    )


def browser_voxels(
    image: Float[np.ndarray, "x y z"], gain: float = 1.0, offset: float = 0.0
) -> Int16[np.ndarray, "z y x"]:
    """Convert an image to 12 bits, in the order in which a screen is filled.

    v → round((gain · v + offset + 1)/2 · 4095), clipped. Slices go from the feet up, rows from the front to the back,
    columns from the patient's right to the left (radiological: the patient's right is at the left of the screen).

    Args:
        image: Image in transverse order (x to the right, y to the front, z to the head).
        gain: Factor that takes the image to [−1, 1].
        offset: Offset that takes the image to [−1, 1].

    Returns:
        The voxels, 0–4095, (z, y, x).
    """
    slices = np.ascontiguousarray(image.transpose(2, 1, 0))
    voxels = np.empty(slices.shape, "<i2")
    for number, values in enumerate(slices):  # slice by slice, so that each one stays in the cache
        scaled = values if (gain, offset) == (1.0, 0.0) else gain * values + offset
        voxels[number] = np.rint((np.clip(scaled[::-1, ::-1], -1, 1) + 1) * ((N_LEVELS - 1) / 2))
    return voxels


def write_browser_image(path: Path, image: Float[np.ndarray, "x y z"]) -> str:
    """Write an image for browsers, gzipped without name or time.

    Args:
        path: The file to write.
        image: The image.

    Returns:
        SHA-256 of its voxels.
    """
    voxels = browser_voxels(image).tobytes()
    with (
        replacing(path) as temporary,
        temporary.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0) as packed,
    ):
        packed.write(voxels)
    return hashlib.sha256(voxels).hexdigest()


def browser_image_sha256(path: Path) -> str:
    """Compute the SHA-256 of the voxels in a file that `write_browser_image` wrote.

    Args:
        path: The file.

    Returns:
        The hash as hexadecimal digits.

    Raises:
        ReaderStudyError: The file is missing or damaged.
    """
    import zlib

    digest = hashlib.sha256()
    try:
        with gzip.open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except (OSError, EOFError, zlib.error) as error:
        raise ReaderStudyError("An image of the reader study is missing or damaged", path=path) from error
    return digest.hexdigest()


def browser_map(values: Float[np.ndarray, "x y z"]) -> Int16[np.ndarray, "z y x"]:
    """Convert a map of differences to signed steps of `browser_voxels`: v → round(v · 4095/2), clipped.

    Args:
        values: Values on the scale of [−1, 1], where two images differ by at most 2; NaN counts as 0.

    Returns:
        The steps, (z, y, x).
    """
    steps = np.rint(np.nan_to_num(np.clip(values, -2, 2)) * ((N_LEVELS - 1) / 2)).astype("<i2")
    return _for_screen(steps)


def browser_labels(labels: Int[np.ndarray, "x y z"]) -> Int16[np.ndarray, "z y x"]:
    """Bring label numbers into the order in which a screen is filled.

    Args:
        labels: Labels in transverse order.

    Returns:
        The labels, (z, y, x).
    """
    return _for_screen(labels.astype("<i2"))


def _for_screen(array: Int16[np.ndarray, "x y z"]) -> Int16[np.ndarray, "z y x"]:
    return np.ascontiguousarray(array[::-1, ::-1, :].transpose(2, 1, 0))
