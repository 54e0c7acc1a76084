# SPDX-License-Identifier: Apache-2.0
"""The questions of one case, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lessgad.reader_study.design import Reading
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import OTHER, ChoiceQuestion, Question, ReasonsQuestion, ScaleQuestion
from lessgad.reader_study.responses import ReaderResponse, items, labels


@dataclass(frozen=True)
class FormItem:
    """A question about one thing, with what is answered so far.

    Attributes:
        name: Name of the form's field.
        of: Image that it is about; empty if it is asked once.
        options: Value and words of each thing that can be ticked.
        chosen: Values that are ticked.
        words: Text of a text question or of the answer "other".
        waits_for: Name of the item on whose answer it depends; empty where it is always asked.
        answer: Answer that makes it appear.
    """

    name: str
    of: str
    options: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]
    words: str
    waits_for: str
    answer: str


@dataclass(frozen=True)
class FormQuestion:
    """A question with all that it is asked about."""

    question: Question
    items: tuple[FormItem, ...]


def questions_to_ask(
    questionnaire: Questionnaire, reading: Reading, answers: Mapping[str, ReaderResponse]
) -> list[FormQuestion]:
    """Arrange the questions of a case: question by question, and within each image by image.

    Args:
        questionnaire: The questionnaire.
        reading: The case.
        answers: Answers to show.

    Returns:
        The questions in the order of the page.
    """
    names = {letter: reading.name(letter) for letter in reading.letters}
    asked: dict[str, list[FormItem]] = {}
    for item in items(questionnaire, reading):
        question, condition = item.question, item.question.shown_if
        answer = answers.get(item.name)
        waits_for = ""
        if condition is not None:
            per_image = questionnaire.question(condition.question).asked == "each_dose"
            waits_for = f"{condition.question}.{item.letter}" if per_image else condition.question
        asked.setdefault(question.key, []).append(
            FormItem(
                name=item.name,
                of=names.get(item.letter, ""),
                options=_options(question, reading),
                chosen=_chosen(answer),
                words=_words(question, answer),
                waits_for=waits_for,
                answer=condition.answer if condition is not None else "",
            )
        )
    return [
        FormQuestion(question, tuple(asked[question.key]))
        for question in questionnaire.questions
        if question.key in asked
    ]


def _options(question: Question, reading: Reading) -> tuple[tuple[str, str], ...]:
    if isinstance(question, ScaleQuestion):
        return tuple((str(step), label) for step, label in enumerate(labels(question, reading), start=1))
    if isinstance(question, ChoiceQuestion | ReasonsQuestion):
        other = ((OTHER, "other:"),) if isinstance(question, ReasonsQuestion) and question.other else ()
        return (*((option.key, option.label) for option in question.options), *other)
    return ()


def _chosen(answer: ReaderResponse | None) -> tuple[str, ...]:
    if isinstance(answer, dict):
        return tuple(answer.get("chosen", ()))
    return () if answer is None else (str(answer),)


def _words(question: Question, answer: ReaderResponse | None) -> str:
    if isinstance(answer, dict):
        return str(answer.get("other", ""))
    return str(answer) if question.kind == "text" and answer is not None else ""
