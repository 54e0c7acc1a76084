# SPDX-License-Identifier: Apache-2.0
"""One run at a time for each unit of work, and a word about who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lessgad.atomic_write import saying_why, write_text
from lessgad.errors import LockedError


@contextmanager
def holding(path: Path, what: str) -> Iterator[None]:
    """Hold a lock while the block runs; it goes with the process, however that ends.

    Args:
        path: The lock file; who holds it is written beside it.
        what: The work, for people: "training of the model all-doses".

    Raises:
        LockedError: Another process holds it; says which, on which machine, since when.
        StorageError: The disk is full or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    holder = path.with_suffix(".holder.json")
    lock = FileLock(path)
    try:
        with saying_why(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
    except Timeout as error:
        raise LockedError(
            f"to do the {what}", f"another run at it ({_words(holder)})", None, "Wait for it or stop it"
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        write_text(holder, json.dumps({"process": os.getpid(), "machine": platform.node(), "since": since}))
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _words(holder: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {who['process']} on {who['machine']} since {who['since']}"
    return "it does not say which"
