# SPDX-License-Identifier: Apache-2.0
"""The answers of a reader study, looked up by question, dose and reader."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.errors import InputError
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import ChoiceQuestion, Question, ReasonsQuestion, ScaleQuestion, TextQuestion
from lessgad.reader_study.readings_csv import ReadingRow


@dataclass(frozen=True)
class ReadCase:
    """A study that was read.

    Attributes:
        id: Opaque ID of the case.
        patient: The patient.
    """

    id: str
    patient: str


class ResponseTable:
    """Answers of test cases; practice is left out.

    Args:
        questionnaire: The questionnaire.
        rows: Rows of the table of readings.

    Raises:
        InputError: A row answers what the questionnaire does not ask.
    """

    def __init__(self, questionnaire: Questionnaire, rows: Iterable[ReadingRow]) -> None:
        self.questionnaire = questionnaire
        self.rows = [row for row in rows if row.subset == "test"]
        self._row = {(row.question, row.dose, row.reader, row.case, row.occasion): row for row in self.rows}
        questions = {question.key: question for question in questionnaire.questions}
        for row in self.rows:
            _check(row, questions.get(row.question))
        self.readers = tuple(sorted({row.reader for row in self.rows}))
        self.cases = tuple(ReadCase(*pair) for pair in sorted({(row.case, row.patient) for row in self.rows}))
        self.doses = tuple(sorted({row.dose for row in self.rows if row.dose is not None}))

    def doses_of(self, question: Question) -> tuple[float | None, ...]:
        """List the doses about which a question was asked; None for a question about a pair or a case.

        Args:
            question: The question.

        Returns:
            The doses, 0–1.
        """
        return self.doses if question.asked == "each_dose" else (None,)

    @property
    def groups(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each reader alone, then, if there are several, all: the name in tables (all: empty), and who that is."""
        alone: list[tuple[str, tuple[str, ...]]] = [(reader, (reader,)) for reader in self.readers]
        return alone if len(alone) < 2 else [*alone, ("", self.readers)]

    def row(
        self, question: Question, dose: float | None, reader: str, case: ReadCase, occasion: int = 1
    ) -> ReadingRow | None:
        """Look up one answer.

        Args:
            question: The question.
            dose: Dose as a fraction of the standard dose; None for the standard dose.
            reader: Name of the reader.
            case: The case that was read.
            occasion: 1 for the first reading of a case, 2 for its repeat.

        Returns:
            The row; None without an answer.
        """
        return self._row.get((question.key, dose, reader, case.id, occasion))

    def values(
        self, question: Question, dose: float | None, reader: str, cases: Sequence[ReadCase], occasion: int = 1
    ) -> Float[np.ndarray, " cases"]:
        """Give the answers as numbers: steps of a scale from 1, or places of the options of a choice from 0.

        Args:
            question: The question.
            dose: Dose as a fraction of the standard dose; None for the standard dose.
            reader: Name of the reader.
            cases: The cases that were read.
            occasion: 1 for the first reading of a case, 2 for its repeat.

        Returns:
            One number per case; NaN without an answer.
        """
        found = [self.row(question, dose, reader, case, occasion) for case in cases]
        return np.array([math.nan if row is None else _number(row, question) for row in found], dtype=np.float64)

    def was_read(self, dose: float | None, reader: str, case: ReadCase, occasion: int = 1) -> bool:
        """Say whether a reader answered anything about an image, or with dose None about a case.

        Args:
            dose: Dose as a fraction of the standard dose; None for the standard dose.
            reader: Name of the reader.
            case: The case that was read.
            occasion: 1 for the first reading of a case, 2 for its repeat.

        Returns:
            True if so.
        """
        return any(self.row(question, dose, reader, case, occasion) for question in self.questionnaire.questions)


def goodness(question: Question, values: Float[np.ndarray, "*answers"]) -> Float[np.ndarray, "*answers"] | None:
    """Turn values so that larger is better.

    A scale keeps its unit, the step. The first option of a choice becomes 1, all others 0.

    Args:
        question: The question.
        values: Answers as numbers.

    Returns:
        The values; None if neither end is better.
    """
    if isinstance(question, ScaleQuestion):
        if question.best_end is None:
            return None
        return values if question.best_end == "last" else len(question.labels) + 1 - values
    if isinstance(question, ChoiceQuestion):
        return np.where(np.isnan(values), math.nan, (values == 0).astype(np.float64))
    return None


def _number(row: ReadingRow, question: Question) -> float:
    if isinstance(question, ChoiceQuestion):
        return float(question.option_keys.index(row.answer))
    return float(row.answer)


def _check(row: ReadingRow, question: Question | None) -> None:
    """Refuse an answer that was not offered."""
    offered: tuple[str, ...] = ()
    if isinstance(question, ScaleQuestion):
        offered = tuple(str(step + 1) for step in range(len(question.labels)))
    elif isinstance(question, ChoiceQuestion | ReasonsQuestion):
        offered = question.option_keys
    given = row.ticked if isinstance(question, ReasonsQuestion) else (row.answer,)
    fits = isinstance(question, TextQuestion) or (question is not None and set(given) <= set(offered))
    if not fits or question is None or (row.dose is None) == (question.asked == "each_dose"):
        raise InputError(
            f"The questionnaire of this study does not offer {row.answer!r} as an answer to {row.question}",
            remedy="Use readings and questionnaire of one study",
        )
