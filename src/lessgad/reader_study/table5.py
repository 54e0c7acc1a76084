# SPDX-License-Identifier: Apache-2.0
"""Table 5 of the paper: for each question and dose the median and quartiles of a scale, or the counts of a choice."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import percent
from lessgad.reader_study.question_summaries import CountRow, ScaleRow
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import OTHER, ChoiceQuestion, Question, ReasonsQuestion, ScaleQuestion
from lessgad.reader_study.spreadsheet import without_formula

PAIR_HEAD = "case"


@dataclass(frozen=True)
class Table5Row:
    """One line.

    Attributes:
        question: Key; of a reason also its option: ``pattern_difference.outside_tumor``.
        wording: Wording as readers saw it; of a reason its label.
        scale: What the steps or options mean.
        reader: Reader; empty for all together.
        cells: One per column of the table; empty where nothing was asked.
    """

    question: str
    wording: str
    scale: str
    reader: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table5:
    """The table.

    Attributes:
        doses: Columns; None, the last, where something was asked once per case.
        rows: Rows by question, then reader.
    """

    doses: tuple[float | None, ...]
    rows: tuple[Table5Row, ...]


def table5(questionnaire: Questionnaire, scales: Sequence[ScaleRow], counts: Sequence[CountRow]) -> Table5:
    """Format answers as the paper does: ``3 (3–4)``, or ``7/15 (32 %)`` with the share of the first option.

    Args:
        questionnaire: Questionnaire of the study.
        scales: Medians and quartiles.
        counts: Counts of every answer.

    Returns:
        Table 5.
    """
    doses = sorted({row.dose for row in counts if row.dose is not None})
    columns = (*doses, None) if any(row.dose is None for row in counts) else tuple(doses)
    readers = sorted({row.reader for row in counts}, key=lambda reader: (not reader, reader))
    rows: list[Table5Row] = []
    for question in questionnaire.questions:
        reasons: list[Table5Row] = []
        for reader in readers:
            of_scale = {row.dose: row for row in scales if (row.question, row.reader) == (question.key, reader)}
            of_counts = [row for row in counts if (row.question, row.reader) == (question.key, reader)]
            if isinstance(question, ScaleQuestion) and of_scale:
                cells = tuple(_scale_words(of_scale.get(dose)) for dose in columns)
                rows.append(Table5Row(question.key, question.wording, scale_words(question), reader, cells))
            elif isinstance(question, ChoiceQuestion) and of_counts:
                cells = tuple(_choice_words(question, of_counts, dose) for dose in columns)
                rows.append(Table5Row(question.key, question.wording, scale_words(question), reader, cells))
            elif isinstance(question, ReasonsQuestion) and of_counts:
                reasons += _reasons(question, of_counts, columns, reader)
        of_reason: dict[str, list[Table5Row]] = {}
        for row in reasons:
            of_reason.setdefault(row.question, []).append(row)
        rows += [row for same in of_reason.values() for row in same]
    return Table5(columns, tuple(rows))


def write_table5(path: Path, table: Table5) -> None:
    """Write ``table5.csv``, whole or not at all.

    Args:
        path: The file to write.
        table: Table 5.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    heads = [PAIR_HEAD if dose is None else percent(dose) for dose in table.doses]
    writer.writerow(["question", "wording", "scale", "reader", *heads])
    for row in table.rows:
        words = [row.question, row.wording, row.scale, row.reader, *row.cells]
        writer.writerow([without_formula(word) for word in words])
    write_text(path, buffer.getvalue())


def scale_words(question: Question) -> str:
    """Possible answers: ``1 better, … 5 worse``; ``similar/different``; of a pair with the doses' names."""
    if isinstance(question, ScaleQuestion):
        return ", ".join(f"{step} {label}" for step, label in enumerate(question.labels_with(), start=1))
    return "/".join(option.label for option in question.options) if isinstance(question, ChoiceQuestion) else ""


def _scale_words(row: ScaleRow | None) -> str:
    return "" if row is None else f"{row.median:g} ({row.q1:g}–{row.q3:g})"


def _choice_words(question: ChoiceQuestion, counts: Sequence[CountRow], dose: float | None) -> str:
    of = {row.answer: row for row in counts if row.dose == dose}
    if not of:
        return ""
    first = of[question.option_keys[0]]
    return f"{'/'.join(str(of[key].count) for key in question.option_keys)} ({100 * first.share:.0f} %)"


def _reasons(
    question: ReasonsQuestion, counts: Sequence[CountRow], columns: Sequence[float | None], reader: str
) -> list[Table5Row]:
    """One line for each reason that was ticked."""
    label = {option.key: option.label for option in question.options} | {OTHER: "other"}
    found = {(row.answer, row.dose): row for row in counts}
    ticked = [key for key in question.option_keys if any(row.count for row in counts if row.answer == key)]
    return [
        Table5Row(
            f"{question.key}.{key}",
            label[key],
            "readings",
            reader,
            tuple(str(found[key, dose].count) if (key, dose) in found else "" for dose in columns),
        )
        for key in ticked
    ]
