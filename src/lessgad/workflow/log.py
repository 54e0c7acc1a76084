# SPDX-License-Identifier: Apache-2.0
"""One log file per run, without names of patients or places on the disk."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lessgad.experiment.folder import ExperimentFolder

LOGGER = logging.getLogger("lessgad")
_STUDY = re.compile(r"sub-[A-Za-z0-9+]+(?:[_/\\]ses-[A-Za-z0-9+]+)?")
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\",:;]+[/\\])+")


class Scrubber(logging.Formatter):
    """Write a study as its number in the cohort, and a path as its last part.

    What is not in the cohort (yet) becomes ``study-?``. Tracebacks are scrubbed too.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self.numbers: dict[str, int] = {}

    def format(self, record: logging.LogRecord) -> str:
        """Spell a record without identifiers."""
        return self.scrub(super().format(record))

    def scrub(self, text: str) -> str:
        """Take identifiers and folders out of a text."""
        shortened = _PATH.sub("…/", text)

        def number(match: re.Match[str]) -> str:
            name = re.sub(r"[/\\]", "_", match[0])
            return f"study-{self.numbers.get(name, '?')}"

        return _STUDY.sub(number, shortened)


@contextmanager
def run_log(folder: ExperimentFolder) -> Iterator[Scrubber]:
    """Log to a new file in ``logs/`` while the block runs; an unforeseen error leaves its traceback there."""
    folder.logs.mkdir(parents=True, exist_ok=True)
    path = _new_file(folder.logs)
    scrubber = Scrubber()
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(scrubber)
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    try:
        yield scrubber
    finally:
        LOGGER.removeHandler(handler)
        handler.close()


def _new_file(logs: Path) -> Path:
    """A name by the clock; a second run in the same second gets a number."""
    stem = datetime.now().astimezone().strftime("%Y-%m-%d_%H%M%S")
    path = logs / f"{stem}.log"
    number = 2
    while path.exists():
        path = logs / f"{stem}_{number}.log"
        number += 1
    return path
