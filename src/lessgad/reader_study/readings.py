# SPDX-License-Identifier: Apache-2.0
"""From the answers that a reader handed in to the rows of the table: letters become doses."""

from __future__ import annotations

from lessgad.reader_study.design import Reading
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import ScaleQuestion
from lessgad.reader_study.readings_csv import JOIN, ReadingRow
from lessgad.reader_study.responses import Item, ReaderResponse, ReaderResponses, items, visible_responses


def reading_rows(
    questionnaire: Questionnaire,
    reader: str,
    reading: Reading,
    answers: ReaderResponses,
    *,
    seconds: float | None = None,
    handed_in: str = "",
) -> list[ReadingRow]:
    """Make one row per answer that counts; questions that were hidden or left empty have none.

    A pair is turned so that its first image is the one of the lower dose: step k becomes n + 1 − k where the reader
    saw the higher dose first.

    Args:
        questionnaire: Questionnaire of the study.
        reader: Name in tables.
        reading: The reading.
        answers: Valid ones (`answers.problems` finds none), the last revision.
        seconds: Active reading time.
        handed_in: Time of the submission, UTC, ISO 8601.

    Returns:
        The rows.
    """
    counted = visible_responses(questionnaire, reading, answers)
    rows = []
    for item in items(questionnaire, reading):
        if item.name not in counted:
            continue
        answer, words = _spelled(item, reading, counted[item.name])
        rows.append(
            ReadingRow(
                reader=reader,
                patient=reading.case.patient,
                session=reading.case.session,
                subset="validation" if reading.case.practice else "test",
                case=reading.case.id,
                sitting=reading.sitting,
                occasion=reading.occasion,
                dose=reading.dose(item.letter) if item.letter else None,
                question=item.question.key,
                kind=item.question.kind,
                answer=answer,
                words=words,
                seconds=seconds,
                handed_in=handed_in,
            )
        )
    return rows


def _spelled(item: Item, reading: Reading, answer: ReaderResponse) -> tuple[str, str]:
    if isinstance(answer, dict):
        return JOIN.join(answer.get("chosen", ())), _one_kind_of_break(str(answer.get("other", "")))
    if item.question.kind == "text":
        return "", _one_kind_of_break(str(answer))
    if isinstance(item.question, ScaleQuestion) and item.question.asked == "pair" and _is_turned(reading):
        return str(len(item.question.labels) + 1 - int(answer)), ""
    return str(answer), ""


def _is_turned(reading: Reading) -> bool:
    """Whether the reader saw the higher dose first."""
    if reading.pair is None:
        return False
    first, second = reading.pair
    return reading.dose(first) > reading.dose(second)


def _one_kind_of_break(words: str) -> str:
    return words.replace("\r\n", "\n").replace("\r", "\n").strip()
