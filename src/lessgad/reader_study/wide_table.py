# SPDX-License-Identifier: Apache-2.0
"""One line per reading: every question about every dose is a column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import dose_label
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import OTHER, Question, ReasonsQuestion
from lessgad.reader_study.readings_csv import ReadingRow
from lessgad.reader_study.spreadsheet import without_formula

OF_READING = ("reader", "patient", "session", "subset", "case", "sitting", "occasion", "seconds", "handed_in")


@dataclass(frozen=True)
class Asked:
    """A question about something.

    Attributes:
        question: The question.
        dose: Dose of the restored image; None for a question about the pair or the case.
    """

    question: Question
    dose: float | None

    def name(self, *more: str, between: str = "__") -> str:
        """Name of a column: ``pattern_difference__dose10__outside_tumor``."""
        dose = () if self.dose is None else (dose_label(self.dose),)
        return between.join((self.question.key, *dose, *more))


@dataclass(frozen=True)
class OneReading:
    """All answers of one reading.

    Attributes:
        of: Columns that are the same for all its answers, spelled.
        rows: Answers by question and dose.
    """

    of: Mapping[str, str]
    rows: Mapping[tuple[str, float | None], ReadingRow]

    def answer(self, asked: Asked) -> ReadingRow | None:
        """Give the answer if there is one."""
        return self.rows.get((asked.question.key, asked.dose))


def everything_asked(questionnaire: Questionnaire, doses: Sequence[float]) -> list[Asked]:
    """List every question about every dose, in the order of the form.

    Args:
        questionnaire: The questionnaire of the study.
        doses: Doses as fractions of the standard dose, 0–1.

    Returns:
        The questions with their doses.
    """
    return [
        Asked(question, dose)
        for question in questionnaire.questions
        for dose in (doses if question.asked == "each_dose" else (None,))
    ]


def group_by_reading(rows: Iterable[ReadingRow]) -> list[OneReading]:
    """Put the answers of each reading together, by reader and sitting."""
    found: dict[tuple[str, int, str, int], dict[tuple[str, float | None], ReadingRow]] = {}
    for row in rows:
        of_reading = found.setdefault((row.reader, row.sitting, row.case, row.occasion), {})
        of_reading[row.question, row.dose] = row
    return [OneReading(_of_reading(next(iter(found[key].values()))), found[key]) for key in sorted(found)]


def write_wide_table(
    path: Path, questionnaire: Questionnaire, doses: Sequence[float], rows: Iterable[ReadingRow]
) -> None:
    """Write ``readings_wide.csv``, whole or not at all; nothing in it starts a formula.

    Scales have their step, choices the key of their option, reasons a column each with 1 or 0; what was not asked or
    not answered is empty.

    Args:
        path: The file to write.
        questionnaire: The questionnaire of the study.
        doses: Doses as fractions of the standard dose, 0–1.
        rows: Rows to write.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    asked = everything_asked(questionnaire, doses)
    columns = [*OF_READING, *(name for one in asked for name in _columns(one))]
    write_csv(path, columns, [{**one.of, **_cells(one, asked)} for one in group_by_reading(rows)])


def write_csv(path: Path, columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> None:
    """Write a CSV, whole or not at all; missing cells are empty, and none starts a formula.

    Args:
        path: The file to write.
        columns: Names of the columns.
        lines: Cells of each line, by column.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([without_formula(line.get(column, "")) for column in columns] for line in lines)
    write_text(path, buffer.getvalue())


def _of_reading(row: ReadingRow) -> dict[str, str]:
    values = {name: getattr(row, name) for name in OF_READING}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _columns(one: Asked) -> list[str]:
    if not isinstance(one.question, ReasonsQuestion):
        return [one.name()]
    words = [one.name(OTHER, "words")] if one.question.other else []
    return [*(one.name(key) for key in one.question.option_keys), *words]


def _cells(one: OneReading, asked: Iterable[Asked]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for item in asked:
        row = one.answer(item)
        if row is None:
            continue
        if isinstance(item.question, ReasonsQuestion):
            cells |= {item.name(key): str(int(key in row.ticked)) for key in item.question.option_keys}
            cells |= {item.name(OTHER, "words"): row.words}
        else:
            cells[item.name()] = row.words if row.kind == "text" else row.answer
    return cells
