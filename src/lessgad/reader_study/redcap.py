# SPDX-License-Identifier: Apache-2.0
"""Readings for REDCap: a data dictionary that makes the form, and the records to import into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lessgad.dose_fraction import percent
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import (
    OTHER,
    ChoiceQuestion,
    Question,
    ReasonsQuestion,
    ScaleQuestion,
)
from lessgad.reader_study.readings_csv import ReadingRow
from lessgad.reader_study.wide_table import OF_READING, Asked, OneReading, everything_asked, group_by_reading, write_csv

NAME, FORM, TYPE, LABEL = "Variable / Field Name", "Form Name", "Field Type", "Field Label"
CHOICES, VALIDATION = "Choices, Calculations, OR Slider Labels", "Text Validation Type OR Show Slider Number"
IDENTIFIER, BRANCHING, REQUIRED = "Identifier?", "Branching Logic (Show field only if...)", "Required Field?"
DICTIONARY_COLUMNS = (
    *(NAME, FORM, "Section Header", TYPE, LABEL, CHOICES, "Field Note", VALIDATION),
    *("Text Validation Min", "Text Validation Max", IDENTIFIER, BRANCHING, REQUIRED),
    *("Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation"),
)
RECORD = "record_id"
_FORM = "reading"
_LABELS = {
    "reader": "Reader",
    "patient": "Patient (pseudonym)",
    "session": "Session",
    "subset": "Subset",
    "case": "Case",
    "sitting": "Sitting",
    "occasion": "Occasion",
    "seconds": "Active reading time, s",
    "handed_in": "Handed in, UTC",
}


def write_dictionary(path: Path, questionnaire: Questionnaire, doses: Sequence[float]) -> None:
    """Write ``redcap_dictionary.csv``: one field per question and dose, options numbered from 1.

    Args:
        path: The file to write.
        questionnaire: The questionnaire of the study.
        doses: Doses as fractions of the standard dose, 0–1.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    lines = [_field(RECORD, "text", "Reading")]
    for name in OF_READING:
        number = {"sitting": "integer", "occasion": "integer", "seconds": "number"}.get(name, "")
        identifier = "y" if name in ("patient", "session") else ""
        lines.append(_field(name, "text", _LABELS[name]) | {VALIDATION: number, IDENTIFIER: identifier})
    for asked in everything_asked(questionnaire, doses):
        lines += _fields(asked, questionnaire)
    write_csv(path, DICTIONARY_COLUMNS, lines)


def write_records(path: Path, questionnaire: Questionnaire, doses: Sequence[float], rows: Iterable[ReadingRow]) -> None:
    """Write ``redcap_readings.csv``: one record per reading, codes as in the dictionary, nothing that starts a formula.

    Args:
        path: The file to write.
        questionnaire: The questionnaire of the study.
        doses: Doses as fractions of the standard dose, 0–1.
        rows: Rows to write.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    asked = everything_asked(questionnaire, doses)
    columns = [RECORD, *OF_READING, *(name for one in asked for name in _columns(one))]
    write_csv(path, columns, [_record(one, asked) for one in group_by_reading(rows)])


def _name(asked: Asked, *more: str) -> str:
    return asked.name(*more, between="_")


def _field(name: str, kind: str, label: str) -> dict[str, str]:
    return {NAME: name, FORM: _FORM, TYPE: kind, LABEL: _plain(label)}


def _fields(asked: Asked, questionnaire: Questionnaire) -> list[dict[str, str]]:
    question = asked.question
    about = "" if asked.dose is None else f" ({percent(asked.dose)})"
    kind = {"scale": "radio", "choice": "radio", "reasons": "checkbox", "text": "notes"}[question.kind]
    field = _field(_name(asked), kind, question.wording + about)
    field |= {CHOICES: _choices(question), REQUIRED: "y" if question.required else "", BRANCHING: ""}
    if question.shown_if is not None:
        on = questionnaire.question(question.shown_if.question)
        name = _name(Asked(on, asked.dose if on.asked == "each_dose" else None))
        field[BRANCHING] = f"[{name}] = '{_code(on, question.shown_if.answer)}'"
    if not isinstance(question, ReasonsQuestion) or not question.other:
        return [field]
    words = _field(_name(asked, OTHER), "text", f"{question.wording}{about}: other")
    return [field, words | {BRANCHING: f"[{_name(asked)}({_code(question, OTHER)})] = '1'"}]


def _choices(question: Question) -> str:
    if isinstance(question, ScaleQuestion):
        labels = list(question.labels_with())
    elif isinstance(question, ChoiceQuestion | ReasonsQuestion):
        labels = [option.label for option in question.options]
        labels += ["other"] if OTHER in question.option_keys else []
    else:
        labels = []
    return " | ".join(f"{code}, {_plain(label)}" for code, label in enumerate(labels, start=1))


def _code(question: Question, answer: str) -> str:
    """Give the number of an option, from 1."""
    if isinstance(question, ChoiceQuestion | ReasonsQuestion):
        return str(question.option_keys.index(answer) + 1)
    return answer


def _columns(asked: Asked) -> list[str]:
    question = asked.question
    if not isinstance(question, ReasonsQuestion):
        return [_name(asked)]
    boxes = [f"{_name(asked)}___{_code(question, key)}" for key in question.option_keys]
    return [*boxes, _name(asked, OTHER)] if question.other else boxes


def _record(one: OneReading, asked: Iterable[Asked]) -> dict[str, str]:
    record = {RECORD: f"{one.of['reader']}-{one.of['case']}-{one.of['occasion']}", **one.of}
    for item in asked:
        row = one.answer(item)
        if row is None:
            continue
        question = item.question
        if isinstance(question, ReasonsQuestion):
            record |= {
                f"{_name(item)}___{_code(question, key)}": str(int(key in row.ticked)) for key in question.option_keys
            }
            record[_name(item, OTHER)] = row.words
        else:
            record[_name(item)] = row.words if row.kind == "text" else _code(question, row.answer)
    return record


def _plain(words: str) -> str:
    """Labels without what REDCap would read as the next option or as markup."""
    return words.replace("|", "/").replace("<", "‹").replace(">", "›")
