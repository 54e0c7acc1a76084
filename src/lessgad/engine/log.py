# SPDX-License-Identifier: Apache-2.0
"""One log file per run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lessgad.atomic_write import saying_why

LOGGER = logging.getLogger("lessgad")


@contextmanager
def run_log(logs: Path, formatter: logging.Formatter) -> Iterator[None]:
    """Log to a new file while the block runs; an unforeseen error leaves its traceback there.

    Args:
        logs: The folder.
        formatter: Spells each line.

    Yields:
        Nothing.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    with saying_why(logs):
        logs.mkdir(parents=True, exist_ok=True)
        path = _new_file(logs)
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(formatter)
    before = LOGGER.level, LOGGER.propagate
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        handler.close()
        LOGGER.setLevel(before[0])
        LOGGER.propagate = before[1]


def _new_file(logs: Path) -> Path:
    """Make a file named by the clock; a second run in the same second gets a number."""
    stem = datetime.now().astimezone().strftime("%Y-%m-%d_%H%M%S")
    name, number = f"{stem}.log", 1
    while True:
        try:
            (logs / name).open("x").close()
        except FileExistsError:
            number += 1
            name = f"{stem}_{number}.log"
        else:
            return logs / name
