# SPDX-License-Identifier: Apache-2.0
"""One run at a time for each unit of work, and a word about who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lessgad.atomic_write import saying_why
from lessgad.errors import LockedError, StorageError


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as it says itself.

    Attributes:
        process: Process ID.
        machine: The name of its machine.
        since: Start time, UTC, ISO 8601.
        mark: Mark of the work, if the lock was taken with one.
    """

    process: int
    machine: str
    since: str
    mark: str = ""

    @property
    def words(self) -> str:
        """For people."""
        return f"process {self.process} on {self.machine} since {self.since}"

    @property
    def may_be_alive(self) -> bool:
        """False where its process is known to be gone; of another machine nothing is known."""
        if self.machine != platform.node():
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


class HeldError(LockedError):
    """Another process holds a lock.

    Args:
        what: Description of the work in messages.
        holder: Who holds it; None where that is not known.
    """

    def __init__(self, what: str, holder: Holder | None) -> None:
        self.what, self.holder = what, holder
        words = "it does not say which" if holder is None else holder.words
        super().__init__(f"Another run works on the {what} ({words})", remedy="Wait for it or stop it")

    def __reduce__(self) -> tuple[Any, ...]:
        return HeldError, (self.what, self.holder)


@contextmanager
def holding(path: Path, what: str, mark: str = "") -> Iterator[None]:
    """Hold a lock while the block runs; the lock ends when the process ends, even by a kill.

    The lock is that of the operating system on the open file (``flock``), which network file systems hand on to their
    server. Who holds it is written beside it, for people only: the file that says so may outlive its process.

    Args:
        path: The lock file.
        what: Description of the work in messages: "training of the model all-doses".
        mark: Tells one kind of the same work from another.

    Yields:
        Nothing.

    Raises:
        HeldError: Another process holds it; says which, on which machine, since when.
        StorageError: The disk is full, the folder cannot be written, or its file system knows no locks.
    """
    from filelock import FileLock, Timeout

    holder = path.with_suffix(".holder.json")
    lock = FileLock(path)
    try:
        with saying_why(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
    except Timeout as error:
        raise HeldError(what, read_holder(holder)) from error
    except NotImplementedError as error:
        raise StorageError(
            "The file system of this folder cannot lock files",
            path=path,
            remedy="Put the experiment on a local disk, or mount the network disk with locks (NFS 4, or 3 with lockd)",
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        said = {"process": os.getpid(), "machine": platform.node(), "since": since, "mark": mark}
        with saying_why(holder):
            holder.write_text(json.dumps(said), encoding="utf-8")  # half a file is ignored by readers
        yield
    finally:
        try:
            with contextlib.suppress(OSError):
                holder.unlink(missing_ok=True)
        finally:
            lock.release()


def read_holder(path: Path, *, only_alive: bool = False) -> Holder | None:
    """Read who holds a lock.

    Args:
        path: The file to read.
        only_alive: Whether a holder whose process has ended is ignored.

    Returns:
        The holder; None if unknown, or if its process has ended and `only_alive` is set.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        who = json.loads(path.read_text(encoding="utf-8"))
        holder = Holder(int(who["process"]), str(who["machine"]), str(who["since"]), str(who.get("mark", "")))
        return holder if holder.may_be_alive or not only_alive else None
    return None
