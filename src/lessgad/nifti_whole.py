# SPDX-License-Identifier: Apache-2.0
"""Whether a NIfTI file is whole: as long as its header promises, and unchanged since it was compressed."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from lessgad.errors import VolumeError

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

#: What gzip can achieve at best is 1032:1.
_MOST_COMPRESSION = 1100
_CHUNK = 1 << 22


def check_promise(image: Nifti1Image, path: Path) -> None:
    """Refuse a file that is too small for its header, before anything is read.

    Reading would first allocate all the memory that the header promises.

    Args:
        image: The opened file.
        path: File, for the error.

    Raises:
        VolumeError: The file is truncated or damaged.
    """
    promised = image.dataobj.offset + math.prod(image.shape) * image.get_data_dtype().itemsize
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
        zlib.error: It is damaged.
    """
    proxy = image.dataobj
    if path.suffix != ".gz" or image.file_map["image"].filename is None:
        return np.asanyarray(proxy)
    with gzip.open(image.file_map["image"].filename) as stream:
        stored = (proxy.shape, proxy.dtype, proxy.offset, proxy.slope, proxy.inter)
        voxels = np.asanyarray(type(proxy)(stream, stored))
        while stream.read(_CHUNK):
            pass
    return voxels
