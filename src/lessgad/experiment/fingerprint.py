# SPDX-License-Identifier: Apache-2.0
"""Whether a result is still that of its inputs and settings."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from lessgad.atomic_write import write_text


def fingerprint(version: int, **ingredients: object) -> str:
    """Hash everything that a result depends on.

    Args:
        version: Raised by hand when a stage's results change; never the package version.
        ingredients: Settings and hashes of inputs; anything JSON can spell.

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
    """Hashes of files, remembered while size and time of change stay what they were."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, list[Any]] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(cache.read_text(encoding="utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def of(self, path: Path) -> str:
        """Hash of one file; "missing" where there is none."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return "missing"
        key, seen = str(path), [status.st_size, status.st_mtime_ns]
        remembered = self._known.get(key)
        if not remembered or remembered[:2] != seen:
            self._known[key] = [*seen, hash_file(path)]
            self._changed = True
        return str(self._known[key][2])

    def save(self) -> None:
        """Keep what was computed for the next run."""
        if self._changed:
            write_text(self._cache, json.dumps(self._known, indent=0, sort_keys=True) + "\n")
            self._changed = False
