# SPDX-License-Identifier: Apache-2.0
"""What is known of a unit of work: done or failed, with which fingerprint, and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from lessgad.atomic_write import write_text

Outcome = Literal["done", "failed"]
State = Literal["done", "failed", "stale", "to do"]


@dataclass(frozen=True)
class Record:
    """The outcome of a unit of work.

    Attributes:
        fingerprint: Of everything that the outcome depends on.
        outcome: done or failed.
        reason: Why it failed, in one line; empty when done.
        finished: When, UTC, ISO 8601.
        traceback: Of an unforeseen error, for the log of this run; not stored.
    """

    fingerprint: str
    outcome: Outcome
    reason: str = ""
    finished: str = ""
    traceback: str = ""


def write_record(path: Path, fingerprint: str, reason: str | None = None) -> Record:
    """Write the outcome; with a reason it failed. Always the last file of a unit to be written."""
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    record = Record(fingerprint, "done" if reason is None else "failed", reason or "", finished)
    stored = {name: value for name, value in asdict(record).items() if name != "traceback"}
    write_text(path, json.dumps(stored, indent=1) + "\n")
    return record


def read_record(path: Path) -> Record | None:
    """Read the outcome; None where there is none that can be read."""
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.outcome in get_args(Outcome) else None


def state_of(record: Record | None, fingerprint: str) -> State:
    """Say how a unit stands against the fingerprint that it should have."""
    if record is None:
        return "to do"
    if record.outcome == "failed":
        return "failed"
    return "done" if record.fingerprint == fingerprint else "stale"
