# SPDX-License-Identifier: Apache-2.0
"""The kinds of question that a reader can be asked."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from lessgad.settings import Settings

Asked = Literal["each_dose", "pair", "each_case"]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z](_?[a-z0-9])*$", max_length=40)]
OTHER = "other"
_PLACES = re.compile(r"\{(\w*)\}")


class Option(Settings):
    """One thing that can be ticked.

    Attributes:
        key: Key in the tables.
        label: Label that the reader sees.
    """

    key: Key
    label: Words


class Condition(Settings):
    """The condition under which a question is asked.

    Attributes:
        question: Key of an earlier choice that is asked as often.
        answer: The option that makes this one appear.
    """

    question: Key
    answer: Key


class _Question(Settings):
    """Fields that all questions have.

    Attributes:
        key: Key in the tables; unique.
        asked: ``each_dose``: of each restored image; ``pair``: once, the lowest dose against the highest;
            ``each_case``: once.
        wording: Wording that the reader sees.
        required: Whether a case can be handed in without it; means nothing while the question is hidden.
        shown_if: None where it is always asked.
    """

    key: Key
    asked: Asked
    wording: Words
    required: bool = True
    shown_if: Condition | None = None


class ScaleQuestion(_Question):
    """One of 2 to 9 numbered steps, counted from 1; of a pair, step k mirrors step n + 1 − k.

    Attributes:
        labels: One for each step. Of a pair, ``{first}`` and ``{second}`` stand for the names of the images.
        best_end: The better end; None if neither is better.
    """

    kind: Literal["scale"]
    labels: tuple[Words, ...] = Field(min_length=2, max_length=9)
    best_end: Literal["first", "last"] | None = None

    def labels_with(self, first: str = "lower dose", second: str = "higher dose") -> tuple[str, ...]:
        """Fill in the names of the images of a pair.

        Args:
            first: Name of the first image.
            second: Name of the second image.

        Returns:
            One label for each step.
        """
        return tuple(label.replace("{first}", first).replace("{second}", second) for label in self.labels)

    @model_validator(mode="after")
    def _names_only_of_a_pair(self) -> ScaleQuestion:
        named = {name for label in self.labels for name in _PLACES.findall(label)}
        allowed = {"first", "second"} if self.asked == "pair" else set()
        if named - allowed:
            raise ValueError(f"{{{min(named - allowed)}}} has no meaning here")
        if self.asked == "pair" and self.best_end is not None:
            raise ValueError("a pair has no best_end: its ends are the two images")
        return self


class _WithOptions(_Question):
    options: tuple[Option, ...] = Field(min_length=2, max_length=20)

    @field_validator("options")
    @classmethod
    def _told_apart(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        keys = [option.key for option in options]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise ValueError(f"the option {twice} is named twice")
        return options

    @property
    def option_keys(self) -> tuple[str, ...]:
        """Possible answers, in order."""
        return tuple(option.key for option in self.options)


class ChoiceQuestion(_WithOptions):
    """Exactly one option; the first one is the favorable one.

    Attributes:
        options: Options, at least two.
    """

    kind: Literal["choice"]


class ReasonsQuestion(_WithOptions):
    """Any number of options.

    Attributes:
        options: Options, at least two.
        other: Whether "other" is offered too, with words of the reader's own.
    """

    kind: Literal["reasons"]
    other: bool = False

    @model_validator(mode="after")
    def _other_is_not_an_option(self) -> ReasonsQuestion:
        if any(option.key == OTHER for option in self.options):
            raise ValueError("the option other is added by other: true; leave it out of the options")
        return self

    @property
    def option_keys(self) -> tuple[str, ...]:
        """Options that can be ticked, in order."""
        keys = tuple(option.key for option in self.options)
        return (*keys, OTHER) if self.other else keys


class TextQuestion(_Question):
    """A question that is answered in free text."""

    kind: Literal["text"]


Question = Annotated[ScaleQuestion | ChoiceQuestion | ReasonsQuestion | TextQuestion, Field(discriminator="kind")]
