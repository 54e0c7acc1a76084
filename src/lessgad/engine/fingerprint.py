# SPDX-License-Identifier: Apache-2.0
"""Whether a result is still that of its inputs and settings."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from pathlib import Path
from typing import Any

from lessgad.atomic_write import write_text
from lessgad.errors import StorageError

#: The coarsest clock of a file system (FAT) ticks every two seconds.
_RACY_NS = 2_000_000_000


def fingerprint(version: int, **ingredients: object) -> str:
    """Hash everything that a result depends on.

    Args:
        version: Raised by hand when a stage's results change; never the package version.
        **ingredients: Settings and hashes of inputs; anything JSON can spell.

    Returns:
        16 hexadecimal digits; the same for the same ingredients in any order.
    """
    text = json.dumps({"version": version, **ingredients}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_file(path: Path) -> str:
    """SHA-256 of the bytes of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileHashes:
    """Hashes of files, remembered while size and times of change stay what they were.

    A file that changed less than two seconds before it was hashed is hashed again at the next run: another change
    of the same size might bear the same time.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, list[Any]] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(cache.read_text(encoding="utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def of(self, path: Path) -> str:
        """Hash of one file; "missing" where there is none, "unreadable" where it cannot be read."""
        now = time.time_ns()
        try:
            status = path.stat()
            key, seen = str(path.absolute()), [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
            remembered = self._known.get(key)
            if isinstance(remembered, list) and remembered[:-1] == seen:
                return str(remembered[-1])
            computed = hash_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except OSError:
            return "unreadable"
        if now - status.st_ctime_ns > _RACY_NS:
            self._known[key] = [*seen, computed]
            self._changed = True
        return computed

    def save(self) -> None:
        """Keep what was computed for the next run; where that cannot be written, it is computed again."""
        if self._changed:
            with contextlib.suppress(StorageError):
                write_text(self._cache, json.dumps(self._known, indent=0, sort_keys=True) + "\n")
            self._changed = False
