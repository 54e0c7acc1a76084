# SPDX-License-Identifier: Apache-2.0
"""results/readings.csv: one row per reader, case, occasion and question; other programs read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from lessgad.evaluation.results.table import ResultTable
from lessgad.reader_study.spreadsheet import as_written, without_formula

Kind = Literal["scale", "choice", "reasons", "text"]
Subset = Literal["validation", "test"]
JOIN = ";"


@dataclass(frozen=True)
class ReadingRow:
    """One answer.

    Attributes:
        reader: Name of the reader.
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: ``test``; ``validation`` for practice, which no statistic counts.
        case: Opaque name of the study that was read.
        sitting: Sitting of the reader, from 1.
        occasion: 1, or 2 where the reader saw the case again.
        dose: Dose of the restored image that was asked about (1: the hidden standard dose); None for a question about
            the pair or the case.
        question: Key of the question.
        kind: Kind of question.
        answer: The number of the step, from 1 (of a pair, 1 favors the lower dose); the key of the option; keys of
            reasons, joined by ``;``; empty for text.
        words: Free words: the text, or those of the reason "other".
        seconds: Active time of this reading; None where it was not measured.
        handed_in: Time of the submission, UTC, ISO 8601; may be empty.
    """

    reader: str
    patient: str
    session: str
    subset: Subset
    case: str
    sitting: int
    occasion: int
    dose: float | None
    question: str
    kind: Kind
    answer: str
    words: str
    seconds: float | None
    handed_in: str

    @property
    def ticked(self) -> tuple[str, ...]:
        """Keys of the reasons."""
        return tuple(self.answer.split(JOIN)) if self.answer else ()


_TABLE = ResultTable(
    ReadingRow,
    "a table of readings",
    ("reader", "sitting", "case", "occasion", "dose", "question"),
    may_be_empty=("session", "answer", "words", "handed_in"),
    made_by="`lessgad reader results`",
)
COLUMNS = _TABLE.columns


def write_readings(path: Path, rows: Iterable[ReadingRow]) -> None:
    """Write the table, whole or not at all; words that a spreadsheet might run as a formula get an apostrophe.

    Args:
        path: The file to write.
        rows: Rows to write.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    _TABLE.write(
        path, [replace(row, reader=without_formula(row.reader), words=without_formula(row.words)) for row in rows]
    )


def read_readings(path: Path) -> list[ReadingRow]:
    """Read what `write_readings` wrote.

    Args:
        path: The file to read.

    Returns:
        The rows.

    Raises:
        InputError: The file is missing or not this table, or a line of it cannot be understood or comes twice.
    """
    return [replace(row, reader=as_written(row.reader), words=as_written(row.words)) for row in _TABLE.read(path)]
