# SPDX-License-Identifier: Apache-2.0
"""One log file per run, without names of patients or places on the disk."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lessgad.atomic_write import saying_why
from lessgad.experiment.folder import ExperimentFolder

LOGGER = logging.getLogger("lessgad")
_STUDY = re.compile(r"sub-[^\W_]+(?:[-+][^\W_]+)*(?:[_/\\]ses-[^\W_]+(?:[-+][^\W_]+)*)?")
_SESSION = re.compile(r"\bses-[^\W_]+(?:[-+][^\W_]+)*")
#: A folder may hold spaces; that a text loses some words to this is better than that a log keeps a name.
_FOLDER = r"""[^\n/\\"':;<>|]*[^\s/\\"':;<>|][/\\]"""
_PATHS = (
    re.compile(r"""(?<=")[^"\n]*[/\\](?=[^"/\\\n]*")"""),
    re.compile(r"""(?<=')[^'\n]*[/\\](?=[^'/\\\n]*')"""),
    re.compile(rf"(?<![\w.])(?:[A-Za-z]:)?[/\\](?=\S)(?:{_FOLDER})+"),
    re.compile(rf"(?<![\w.])(?:[~.]|\.\.)[/\\](?:{_FOLDER})*"),
    re.compile(rf"(?<![\w.])[\w.+-]+[/\\](?=\S)(?:{_FOLDER})+"),
)
_SHORTEST_BARE_LABEL = 4


class Scrubber(logging.Formatter):
    """Write a study as its number in the cohort, and a path as its last part.

    What is not in the cohort (yet) becomes ``study-?``. Tracebacks are scrubbed too.

    Attributes:
        numbers: Number of each study, by name.
        folders: Places to leave out wherever they are named, whatever characters they hold.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self.numbers: dict[str, int] = {}
        self.folders: list[Path] = [Path.home(), Path.cwd()]

    def format(self, record: logging.LogRecord) -> str:
        """Spell a record without identifiers."""
        text = super().format(record)
        when = f"{record.asctime} {record.levelname} "
        return when + self.scrub(text.removeprefix(when))

    def scrub(self, text: str) -> str:
        """Take identifiers and folders out of a text."""
        for folder in sorted({str(folder) for folder in self.folders}, key=len, reverse=True):
            if folder not in (".", "/"):
                text = re.sub(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])", "…", text)
        for path in _PATHS:
            text = path.sub("…/", text)
        for name in sorted(self.numbers, key=len, reverse=True):
            spelled = re.escape(name).replace("_", r"[_/\\]")
            text = re.sub(rf"{spelled}(?![-+]?[^\W_]|[_/\\]ses-)", f"study-{self.numbers[name]}", text)
        text = _SESSION.sub("ses-?", _STUDY.sub("study-?", text))
        for label in self._labels():
            spelled = re.escape(label)
            bare = rf"|\b{spelled}\b" if len(label) >= _SHORTEST_BARE_LABEL else ""
            text = re.sub(rf"""(?<=')({spelled})(?=')|(?<=")({spelled})(?="){bare}""", "?", text)
        return re.sub("…{2,}", "…", text)

    def _labels(self) -> set[str]:
        """Labels of patients and sessions, which a ``KeyError`` shows without ``sub-`` and ``ses-``."""
        return {label for name in self.numbers for label in name.removeprefix("sub-").split("_ses-") if label}


@contextmanager
def run_log(folder: ExperimentFolder) -> Iterator[Scrubber]:
    """Log to a new file in ``logs/`` while the block runs; an unforeseen error leaves its traceback there.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    with saying_why(folder.logs):
        folder.logs.mkdir(parents=True, exist_ok=True)
        path = _new_file(folder.logs)
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    scrubber = Scrubber()
    scrubber.folders += [folder.root, folder.root.absolute(), folder.root.resolve()]
    handler.setFormatter(scrubber)
    before = LOGGER.level, LOGGER.propagate
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    try:
        yield scrubber
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
