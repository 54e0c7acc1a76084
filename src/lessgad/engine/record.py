# SPDX-License-Identifier: Apache-2.0
"""What is known of a unit of work: done or failed, with which fingerprint, from what, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from lessgad.atomic_write import write_text
from lessgad.errors import InputError

FORMAT = 2
Outcome = Literal["done", "failed"]


@dataclass(frozen=True)
class Record:
    """The outcome of a unit of work.

    Attributes:
        fingerprint: Fingerprint of everything that the outcome depends on.
        outcome: done or failed.
        reason: Why it failed, in one line; empty when done.
        finished: End of the work, UTC, ISO 8601.
        made_from: Parts of the fingerprint, to show what has changed since; empty in old records.
        format: Format of the file; 1 had no `made_from`.
    """

    fingerprint: str
    outcome: Outcome
    reason: str = ""
    finished: str = ""
    made_from: Mapping[str, Any] = field(default_factory=dict, hash=False)
    format: int = 1


def write_record(
    path: Path, fingerprint: str, reason: str | None = None, made_from: Mapping[str, Any] | None = None
) -> Record:
    """Write the outcome of a unit, always as its last file; a unit with a reason has failed.

    Args:
        path: The file to write.
        fingerprint: Fingerprint of the unit.
        reason: Why the unit failed; None where it did not.
        made_from: Everything that the result depends on.

    Returns:
        The record.
    """
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    outcome: Outcome = "done" if reason is None else "failed"
    record = Record(fingerprint, outcome, reason or "", finished, made_from or {}, FORMAT)
    write_text(path, json.dumps(asdict(record), indent=1) + "\n")
    return record


def read_record(path: Path) -> Record | None:
    """Read the recorded outcome of a unit.

    Args:
        path: The file to read.

    Returns:
        The record; None if there is none that can be read.

    Raises:
        InputError: A newer lessgad wrote it.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    found = content.get("format", 1)
    if isinstance(found, int) and found > FORMAT:
        raise InputError(
            f"This record has format {found} and was written by a newer lessgad; this one reads format "
            f"{FORMAT} or older",
            path=path,
            remedy="Use the newer version of lessgad on this experiment",
        )
    try:
        record = Record(**content)
    except TypeError:
        return None
    return record if record.outcome in get_args(Outcome) else None
