# SPDX-License-Identifier: Apache-2.0
"""Whether a NIfTI file is whole: as long as its header promises, and unchanged since it was compressed."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from lessgad.errors import VolumeError
from lessgad.gzip_file import read_gzip

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

#: What gzip can achieve at best is 1032:1.
_MOST_COMPRESSION = 1100


def is_stored(image: Nifti1Image) -> bool:
    """Say whether the voxels of an image lie in a file; those of an image that was made and saved do not."""
    from nibabel import is_proxy

    return bool(is_proxy(image.dataobj)) and image.file_map["image"].filename is not None


def check_promise(image: Nifti1Image, path: Path) -> None:
    """Refuse a file that is too small for its header, before anything is read.

    Reading would first allocate all the memory that the header promises.

    Args:
        image: The opened file.
        path: File, for the error.

    Raises:
        VolumeError: The file is truncated or damaged.
    """
    promised = _promised(image)
    n_bytes = Path(image.file_map["image"].filename).stat().st_size
    if promised > n_bytes * (_MOST_COMPRESSION if path.suffix == ".gz" else 1):
        raise VolumeError(
            f"The file is truncated or damaged: it has {n_bytes} bytes, and its header promises {promised}", path=path
        )


def read_voxels(image: Nifti1Image, path: Path) -> Shaped[np.ndarray, "..."]:
    """Read the voxels of an opened image, scaled as its header says.

    A compressed file is decompressed once, to its end: the checksum follows the last voxel, where nibabel would stop.

    Args:
        image: The opened file, or an image made in memory.
        path: File of the image.

    Returns:
        The voxels, in the shape and type of the image.

    Raises:
        OSError: The content is not what was compressed, or something else follows it.
        EOFError: The file ends too early.
    """
    proxy = image.dataobj
    is_one_file = set(image.file_map) == {"image"} and is_stored(image)
    if path.suffix != ".gz" or not is_one_file:
        return np.asanyarray(proxy)
    stored = (proxy.shape, proxy.dtype, proxy.offset, proxy.slope, proxy.inter)
    return np.asanyarray(type(proxy)(BytesIO(read_gzip(path, _promised(image))), stored))


def _promised(image: Nifti1Image) -> int:
    """Bytes that the header promises, without compression."""
    n_bytes: int = image.dataobj.offset + math.prod(image.shape) * image.get_data_dtype().itemsize
    return n_bytes
