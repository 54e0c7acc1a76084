# SPDX-License-Identifier: Apache-2.0
"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lessgad.errors import LessgadError, StorageError

_CANNOT_WRITE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG),
}
#: How libraries written in Rust (safetensors) tell of the operating system's errors.
_RUST_ERROR = re.compile(r"\(os error (\d+)\)")
_PROBE_BYTES = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write; on success it is flushed to disk and takes the place of `path`.

    The temporary name keeps the suffixes of `path` (``.tmp-<random>-name.nii.gz``), so that
    writers that choose their format by suffix do the right thing. The file gets the permissions that
    a newly opened file has (the umask), not those that its writer set. If the block raises, the
    temporary file is removed and `path` is left as it was.

    Args:
        path: The file to write.

    Yields:
        The temporary path, in the folder of `path`.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    with saying_why(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = _mode_of_new_file(temporary)
            try:
                yield temporary
            except Exception as error:
                if not isinstance(error, LessgadError) and not system_error(error):
                    _probe(temporary)
                raise
            temporary.chmod(mode)
            _flush(temporary)
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # some network file systems cannot flush folders
        _flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all.

    Args:
        path: The file to write.
        text: Content of the file.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def remove_for_good(path: Path) -> None:
    """Remove a file, where it is there, so that it stays away even if the power fails now.

    Args:
        path: The file; it may be missing.

    Raises:
        StorageError: The folder cannot be written.
    """
    with saying_why(path):
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
    with contextlib.suppress(OSError):  # some network file systems cannot flush folders
        _flush(path.parent)


@contextmanager
def saying_why(path: Path) -> Iterator[None]:
    """Turn an error of the operating system in the block into one line about `path`.

    Args:
        path: The file or folder that the error names.

    Yields:
        Nothing.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    try:
        yield
    except LessgadError:
        raise
    except Exception as error:
        number = system_error(error)
        if number not in _CANNOT_WRITE:
            raise
        raise StorageError(
            f"This file cannot be written: {os.strerror(number).lower()}",
            path=path,
            remedy="Free some space or choose another folder, then run again",
        ) from error


def system_error(error: BaseException | None) -> int:
    """Give the number of the operating system's error behind an exception; 0 if there is none."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        told = _RUST_ERROR.search(str(error))
        if told:
            return int(told[1])
        error = error.__cause__ or error.__context__
    return 0


def _mode_of_new_file(path: Path) -> int:
    with path.open("xb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
    path.unlink()
    return mode


def _probe(temporary: Path) -> None:
    """Raise OSError where the half-written file cannot grow: some writers (torch.save) do not say why they failed."""
    with temporary.open("ab") as file:
        file.write(bytes(_PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
