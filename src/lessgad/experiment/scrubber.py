# SPDX-License-Identifier: Apache-2.0
"""Words of a log without names of patients or places on the disk."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lessgad.engine.log import run_log
from lessgad.experiment.folder import ExperimentFolder

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
        folders: Folders whose names are removed from texts; they may hold any characters.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self.numbers: dict[str, int] = {}
        self.folders: list[Path] = [Path.home(), Path.cwd()]
        self._of_numbers: dict[str, int] = {}
        self._by_spelling: dict[str, int] = {}
        self._study: re.Pattern[str] | None = None
        self._label: re.Pattern[str] | None = None

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
        if self._of_numbers != self.numbers:
            self._learn()
        if self._study is not None:
            text = self._study.sub(lambda found: f"study-{self._by_spelling[_spelling(found[0])]}", text)
        text = _SESSION.sub("ses-?", _STUDY.sub("study-?", text))
        if self._label is not None:
            text = self._label.sub("?", text)
        return re.sub("…{2,}", "…", text)

    def _learn(self) -> None:
        """Make one pattern of all studies and one of all labels: a log has many lines, and a cohort many studies."""
        self._of_numbers = dict(self.numbers)
        self._by_spelling = {_spelling(name): number for name, number in self.numbers.items()}
        names = "|".join(
            re.escape(name).replace("_", r"[_/\\]") for name in sorted(self.numbers, key=len, reverse=True)
        )
        self._study = re.compile(rf"(?:{names})(?![-+]?[^\W_]|[_/\\]ses-)") if names else None
        labels = sorted(self._labels(), key=len, reverse=True)
        spelled = "|".join(map(re.escape, labels))
        bare = "|".join(re.escape(label) for label in labels if len(label) >= _SHORTEST_BARE_LABEL)
        alone = rf"|\b(?:{bare})\b" if bare else ""
        self._label = re.compile(rf"""(?<=')(?:{spelled})(?=')|(?<=")(?:{spelled})(?="){alone}""") if labels else None

    def _labels(self) -> set[str]:
        """Labels of patients and sessions, which a ``KeyError`` shows without ``sub-`` and ``ses-``."""
        return {label for name in self.numbers for label in name.removeprefix("sub-").split("_ses-") if label}


def _spelling(name: str) -> str:
    return re.sub(r"[/\\]", "_", name)


@contextmanager
def scrubbed_log(folder: ExperimentFolder) -> Iterator[Scrubber]:
    """Log a run to a new file in ``logs/``, without identifiers.

    Args:
        folder: Folder of the experiment.

    Yields:
        The scrubber, which learns the names of the studies.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    scrubber = Scrubber()
    scrubber.folders += [folder.root, folder.root.absolute(), folder.root.resolve()]
    with run_log(folder.logs, scrubber):
        yield scrubber
