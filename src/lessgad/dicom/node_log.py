# SPDX-License-Identifier: Apache-2.0
"""The log of a node: one JSON object a line, without identifiers."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

_lock = threading.Lock()


class NodeLog:
    """Writes events to a file and to stderr.

    Args:
        path: The file; lines are appended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, event: str, **values: str | int | float) -> None:
        """Write one event: fixed words, numbers, IDs of studies, kinds of error; never what a header says."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"time": when, "event": event, **values})
        with _lock:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            except OSError:  # a full disk must not stop the node
                return
