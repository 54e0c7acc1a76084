# SPDX-License-Identifier: Apache-2.0
"""Gzip files through ISA-L: as small as zlib's fastest level, written ten times as fast and read twice as fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LEVEL = 1  # smaller than at 0, and as fast
_CHUNK = 1 << 22


def read_gzip(path: Path, n_bytes: int) -> bytes:
    """Read the first bytes of a gzip file, and the rest for the checksum that follows it.

    Args:
        path: A gzip-compressed file.
        n_bytes: How many bytes are kept, at most.

    Returns:
        The bytes.

    Raises:
        OSError: The content is not what was compressed, or something else follows it.
        EOFError: The file ends too early.
    """
    from isal import igzip, isal_zlib

    try:
        with igzip.open(path, "rb") as stream:
            content: bytes = stream.read(n_bytes)
            while stream.read(_CHUNK):
                pass
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub declares an instance
        raise OSError(str(error)) from error
    return content


@contextmanager
def writing_gzip(path: Path) -> Iterator[IO[bytes]]:
    """Open a gzip file for writing; it holds neither its name nor the time, so that equal contents give equal files.

    Args:
        path: The file to write.

    Yields:
        The stream of what is compressed.
    """
    from isal import igzip

    with path.open("wb") as file, igzip.IGzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as stream:
        yield stream
