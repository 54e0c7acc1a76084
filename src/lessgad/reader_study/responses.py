# SPDX-License-Identifier: Apache-2.0
"""One reader's answers to one case, and whether they can be handed in.

An *item* is a question about something: about one of the images (named by its letter, so that a form does not tell a
dose), about the pair, or about the case. Its name is that of the form's field: ``image_quality.A``, ``comment``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lessgad.reader_study.design import Reading
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import (
    OTHER,
    ChoiceQuestion,
    Question,
    ReasonsQuestion,
    ScaleQuestion,
    TextQuestion,
)

MAX_WORDS = 4_000
ReaderResponse = int | str | dict[str, Any]
"""Scale: int from 1. Choice: key of the option. Text: words. Reasons: ``{"chosen": [keys], "other": words}``."""
ReaderResponses = Mapping[str, ReaderResponse]


@dataclass(frozen=True)
class Item:
    """A question about something.

    Attributes:
        question: The question.
        letter: Letter of the image it is about; empty for a pair or a case.
    """

    question: Question
    letter: str

    @property
    def name(self) -> str:
        """Name of the form's field."""
        return f"{self.question.key}.{self.letter}" if self.letter else self.question.key


@dataclass(frozen=True)
class Problem:
    """Why answers cannot be handed in.

    Attributes:
        item: Name of the item; of one that does not exist, as it came.
        reason: Reason in words for the reader.
    """

    item: str
    reason: str


def items(questionnaire: Questionnaire, reading: Reading) -> list[Item]:
    """List the items of a reading, shown or hidden, in the order of the questions.

    A pair is asked only where two doses or more were restored.

    Args:
        questionnaire: The questionnaire of the study.
        reading: The reading: case, sitting and images.

    Returns:
        The items.
    """
    asked = []
    for question in questionnaire.questions:
        if question.asked == "each_dose":
            asked += [Item(question, letter) for letter in reading.letters]
        elif question.asked == "each_case" or reading.pair is not None:
            asked.append(Item(question, ""))
    return asked


def labels(question: ScaleQuestion, reading: Reading) -> tuple[str, ...]:
    """Give the labels of the steps as this reader sees them; those of a pair name its two images.

    Args:
        question: The question.
        reading: The reading: case, sitting and images.

    Returns:
        The labels.
    """
    if question.asked != "pair" or reading.pair is None:
        return question.labels
    first, second = (reading.name(letter) for letter in reading.pair)
    return question.labels_with(first, second)


def is_shown(item: Item, answers: ReaderResponses) -> bool:
    """Say whether an item is shown, given the answers so far; an item that waits for a hidden one is hidden too.

    Args:
        item: The item: a question about an image, a pair or the case.
        answers: Answers by item.

    Returns:
        True if it is shown.
    """
    condition = item.question.shown_if
    if condition is None:
        return True
    same_image = f"{condition.question}.{item.letter}" if item.letter else ""
    return condition.answer in (answers.get(same_image), answers.get(condition.question))


def problems(questionnaire: Questionnaire, reading: Reading, answers: ReaderResponses) -> list[Problem]:
    """List what prevents answers from being submitted.

    Wrong are: a required item that is shown and has no answer, an answer to an item that is hidden or does not exist,
    a value that the question does not offer, and words of more than 4,000 characters.

    Args:
        questionnaire: The questionnaire of the study.
        reading: The reading: case, sitting and images.
        answers: Answers by item.

    Returns:
        The problems; empty if the answers are complete and valid.
    """
    known = {item.name: item for item in items(questionnaire, reading)}
    found = [Problem(name, "is not asked") for name in answers if name not in known]
    for name, item in known.items():
        empty = name not in answers or _is_empty(answers[name])
        if not is_shown(item, answers):
            found += [] if empty else [Problem(name, "is not asked with these answers")]
        elif empty:
            found += [Problem(name, "needs an answer")] if item.question.required else []
        else:
            reason = _why_invalid(item.question, answers[name])
            found += [Problem(name, reason)] if reason else []
    return found


def visible_responses(
    questionnaire: Questionnaire, reading: Reading, answers: ReaderResponses
) -> dict[str, ReaderResponse]:
    """Keep the answers that count: those to items that are shown, without empty ones.

    For drafts too: an answer that was given before its question was hidden again goes.

    Args:
        questionnaire: The questionnaire of the study.
        reading: The reading: case, sitting and images.
        answers: Answers by item.

    Returns:
        Answers by item.
    """
    return {
        item.name: answers[item.name]
        for item in items(questionnaire, reading)
        if item.name in answers and is_shown(item, answers) and not _is_empty(answers[item.name])
    }


def responses_from_form(
    questionnaire: Questionnaire, reading: Reading, form: Mapping[str, Sequence[str]]
) -> dict[str, ReaderResponse]:
    """Read the fields of a form: name of the item → its values; ``NAME.other`` holds the words of "other".

    Nothing is checked beyond the form of a value: `problems` does. Fields of other names are left alone; empty ones are
    no answer.

    Args:
        questionnaire: The questionnaire of the study.
        reading: The reading: case, sitting and images.
        form: Values of each form field.

    Returns:
        Answers by item.
    """
    answers: dict[str, ReaderResponse] = {}
    for item in items(questionnaire, reading):
        given = [value.strip() for value in form.get(item.name, ()) if value.strip()]
        if isinstance(item.question, ReasonsQuestion):
            other = " ".join(form.get(f"{item.name}.{OTHER}", ())).strip()
            if given or other:
                answers[item.name] = {"chosen": list(dict.fromkeys(given)), "other": other}
        elif given:
            number = isinstance(item.question, ScaleQuestion) and given[0].isdecimal()
            answers[item.name] = int(given[0]) if number else given[0]
    return answers


def _is_empty(answer: ReaderResponse) -> bool:
    if isinstance(answer, dict):
        return not answer.get("chosen") and not answer.get("other")
    return isinstance(answer, str) and not answer.strip()


def _why_invalid(question: Question, answer: ReaderResponse) -> str:
    """One line where a value is none that the question takes, else nothing."""
    if isinstance(question, ScaleQuestion):
        n = len(question.labels)
        whole = isinstance(answer, int) and not isinstance(answer, bool)
        return "" if whole and 1 <= int(answer) <= n else f"takes a number from 1 to {n}"  # type: ignore[arg-type]
    if isinstance(question, ChoiceQuestion):
        return "" if answer in question.option_keys else f"takes one of: {', '.join(question.option_keys)}"
    if isinstance(question, TextQuestion):
        return _why_too_long(answer)
    return _why_no_reasons(question, answer)


def _why_no_reasons(question: ReasonsQuestion, answer: ReaderResponse) -> str:
    if not isinstance(answer, dict) or set(answer) - {"chosen", "other"}:
        return "takes ticked options"
    chosen, other = answer.get("chosen", []), answer.get("other", "")
    offered = question.option_keys
    if not isinstance(chosen, list | tuple) or any(key not in offered for key in chosen):
        return f"takes some of: {', '.join(offered)}"
    if len(set(chosen)) != len(chosen):
        return "takes each option once"
    if OTHER in chosen and not other:
        return "needs words for “other”"
    if other and OTHER not in chosen:
        return "has words for “other”, which is not ticked"
    return _why_too_long(other)


def _why_too_long(words: object) -> str:
    if not isinstance(words, str):
        return "takes words"
    return f"takes at most {MAX_WORDS} characters" if len(words) > MAX_WORDS else ""
