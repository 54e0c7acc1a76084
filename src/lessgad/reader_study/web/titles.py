# SPDX-License-Identifier: Apache-2.0
"""How cases are called: numbers in a reader's own order, which tell nothing about patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.reader_study.store.assignments import Assignment


@dataclass(frozen=True)
class NumberedCase:
    """A reading with its number.

    Attributes:
        assignment: The reading.
        label: ``P1`` for practice, else the number.
    """

    assignment: Assignment
    label: str


def labels(given: Sequence[Assignment]) -> list[NumberedCase]:
    """Number practice cases and other cases separately, each in the order of reading."""
    counts = {True: 0, False: 0}
    numbered = []
    for one in given:
        practice = one.reading.case.practice
        counts[practice] += 1
        numbered.append(NumberedCase(one, f"P{counts[True]}" if practice else str(counts[False])))
    return numbered


def sittings(given: Sequence[Assignment]) -> list[tuple[str, list[NumberedCase]]]:
    """Group numbered cases for the page: practice, then each sitting.

    Args:
        given: All readings of the reader.

    Returns:
        Title and cases of each group.
    """
    numbered = labels(given)
    practice = [one for one in numbered if one.assignment.reading.case.practice]
    groups = [("Practice", practice)] if practice else []
    read = [one for one in numbered if not one.assignment.reading.case.practice]
    numbers = sorted({one.assignment.reading.sitting for one in read})
    for number in numbers:
        name = "Cases" if len(numbers) == 1 else f"Sitting {number}"
        groups.append((name, [one for one in read if one.assignment.reading.sitting == number]))
    return groups


def title_of(assignment: Assignment, given: Sequence[Assignment]) -> str:
    """Write the title of a case: ``Practice case 1 of 2``, ``Case 3 of 22``.

    Args:
        assignment: The reading.
        given: All readings of the reader.

    Returns:
        The title.
    """
    practice = assignment.reading.case.practice
    same = [one for one in given if one.reading.case.practice == practice]
    number = 1 + [one.place for one in same].index(assignment.place)
    return f"{'Practice case' if practice else 'Case'} {number} of {len(same)}"
