# SPDX-License-Identifier: Apache-2.0
"""The questionnaire: questions as data, read from YAML. The default is the paper's Table 3."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from lessgad.errors import SettingsError
from lessgad.reader_study.questions import ChoiceQuestion, Question
from lessgad.settings import Settings

#: Columns that every table of readings has.
TAKEN = (
    *("record_id", "reader", "patient", "session", "subset", "case", "sitting", "occasion", "seconds", "handed_in"),
    *("dose", "question", "kind", "answer", "words"),
)
_ENDS_AS_COLUMNS_DO = re.compile(r"_(dose\d+(p\d+)?|other)$")
_REMEDY = "The default questionnaire shows the form: lessgad/reader_study/questionnaire.yaml"


class Questionnaire(Settings):
    """The questions that every reader answers about every case.

    Attributes:
        format: Format of the file.
        title: Head of the form.
        questions: Questions in the order in which they are asked.
    """

    format: Literal[1]
    title: str = Field(min_length=1, max_length=200)
    questions: tuple[Question, ...] = Field(min_length=1)

    @field_validator("format", mode="before")
    @classmethod
    def _as_number(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("questions")
    @classmethod
    def _hold_together(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        before: dict[str, Question] = {}
        for question in questions:
            if question.key in before:
                raise ValueError(f"the question {question.key} is there twice")
            if question.key in TAKEN or _ENDS_AS_COLUMNS_DO.search(question.key):
                raise ValueError(f"{question.key} is also the name of a column of the tables; give it another name")
            if question.shown_if is not None:
                _check_condition(question, before.get(question.shown_if.question))
            before[question.key] = question
        return questions

    def question(self, key: str) -> Question:
        """Look up a question by its key.

        Args:
            key: Key of the question.

        Returns:
            The question.

        Raises:
            KeyError: There is none.
        """
        for question in self.questions:
            if question.key == key:
                return question
        raise KeyError(key)


def default_questionnaire() -> Questionnaire:
    """Give the paper's Table 3, with reasons for a different enhancement pattern and a comment."""
    resource = files("lessgad.reader_study").joinpath("questionnaire.yaml")
    return parse_questionnaire(resource.read_text(encoding="utf-8"), Path("questionnaire.yaml"))


def load_questionnaire(path: Path) -> Questionnaire:
    """Read a questionnaire.

    Args:
        path: The file to read.

    Returns:
        The questionnaire.

    Raises:
        SettingsError: Missing, unreadable, not YAML, or not a questionnaire; the first problem, with its place.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        came = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(f"The questionnaire cannot be read: {came}", path=path) from error
    return parse_questionnaire(text, path)


def parse_questionnaire(text: str, path: Path) -> Questionnaire:
    """Parse and check the text of a questionnaire.

    Every value is read as words first, so that ``yes`` and ``no`` stay what they are.

    Args:
        text: Text of the file.
        path: File that the text comes from, for errors.

    Returns:
        The questionnaire.

    Raises:
        SettingsError: Not YAML, or not a questionnaire; the first problem, with its place.
    """
    import yaml

    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  it makes words, lists and mappings, nothing else
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" (line {line + 1})" if line is not None else ""
        raise SettingsError(f"The questionnaire is not valid YAML{where}", path=path) from error
    if not isinstance(content, dict):
        raise SettingsError(
            f"The questionnaire {'holds something other than settings by name' if content else 'is empty'}",
            path=path,
            remedy=_REMEDY,
        )
    try:
        return Questionnaire.model_validate(content)
    except ValidationError as error:
        raise _first_problem(error, content, path) from error


def _check_condition(question: Question, on: Question | None) -> None:
    condition = question.shown_if
    if condition is None:
        return
    if not isinstance(on, ChoiceQuestion):
        raise ValueError(f"{question.key} waits for {condition.question}, which is not a choice asked before it")
    if on.asked not in (question.asked, "each_case"):
        raise ValueError(f"{question.key} is asked {question.asked}, but waits for {on.key}, which is asked {on.asked}")
    if condition.answer not in on.option_keys:
        raise ValueError(f"{question.key} waits for the answer {condition.answer}, which {on.key} does not offer")


def _first_problem(error: ValidationError, content: dict[str, Any], path: Path) -> SettingsError:
    problem = error.errors()[0]
    where = _place(problem["loc"], content)
    if problem["type"] == "extra_forbidden":
        return SettingsError(f"A questionnaire has no key {where}", path=path, remedy=_REMEDY)
    if problem["type"] == "missing":
        return SettingsError(f"The key {where} is missing", path=path, remedy=_REMEDY)
    message = str(problem["msg"]).removeprefix("Value error, ")
    return SettingsError(
        f"{where} is not valid: {message}" if where else f"The questionnaire is not valid: {message}",
        path=path,
        remedy=_REMEDY,
    )


def _place(location: tuple[int | str, ...], content: dict[str, Any]) -> str:
    """Spell a place: ``labels of question 2 (image_quality)``."""
    parts = [part for part in location if part not in ("scale", "choice", "reasons", "text")]
    if len(parts) < 2 or parts[0] != "questions" or not isinstance(parts[1], int):
        return ".".join(str(part) for part in parts)
    given = content["questions"][parts[1]]
    name = f" ({given['key']})" if isinstance(given, dict) and isinstance(given.get("key"), str) else ""
    rest = ".".join(str(part + 1) if isinstance(part, int) else part for part in parts[2:])
    return f"{rest} of question {parts[1] + 1}{name}" if rest else f"question {parts[1] + 1}{name}"
