# SPDX-License-Identifier: Apache-2.0
"""Whether labels of sessions count, so that their order is that of the visits: 1, 2, 10; m0, m6, m12; a, b, c."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

_PARTS = re.compile(r"\d+|\D+")
_NUMBERED_DATES = {8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"), 6: ("%y%m%d", "%d%m%y", "%m%d%y")}
_YEARS = range(1900, 2100)


def natural(label: str) -> tuple[tuple[int, str], ...]:
    """Give a key that sorts labels by their numbers: 2 before 10.

    Args:
        label: Label of a session.

    Returns:
        Its numbers and letters in order; letters are in lower case.
    """
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.findall(label.lower()))


def counts(labels: Collection[str]) -> bool:
    """Whether labels differ in numbers alone, or else in letters that follow each other, in one place.

    Numbers that are dates must be in the same order in every form of date that all of them fit: 05012024 and 10122023
    are not, nor are n and v, which stand for words.

    Args:
        labels: The labels.

    Returns:
        True if their natural order is that of the visits.
    """
    parts = [_PARTS.findall(label.lower()) for label in labels]
    if len({len(own) for own in parts}) > 1 or len({natural(label) for label in labels}) < len(labels):
        return False
    columns = [list(column) for column in zip(*parts, strict=True)]
    kinds = [{part.isdecimal() for part in column} for column in columns]
    if any(len(kind) > 1 for kind in kinds):
        return False
    varying = [column for column in columns if len(set(column)) > 1]
    words = [column for column in varying if not column[0].isdecimal()]
    if words:
        return len(varying) == 1 and _follow_each_other(words[0])
    return all(_dates_agree(column) for column in varying)


def _follow_each_other(letters: list[str]) -> bool:
    if any(len(letter) != 1 for letter in letters):
        return False
    codes = sorted(map(ord, letters))
    return codes == list(range(codes[0], codes[0] + len(codes)))


def _dates_agree(numbers: list[str]) -> bool:
    """Whether numbers that may be dates are in one order in each form of date that all of them fit."""
    lengths = {len(number) for number in numbers}
    by_number = sorted(range(len(numbers)), key=lambda at: int(numbers[at]))
    for form in _NUMBERED_DATES.get(lengths.pop(), ()) if len(lengths) == 1 else ():
        dates = [_date(number, form) for number in numbers]
        if None not in dates and sorted(by_number, key=lambda at: str(dates[at])) != by_number:
            return False
    return True


def _date(number: str, form: str) -> datetime | None:
    try:
        date = datetime.strptime(number, form)  # noqa: DTZ007 - only the order counts
    except ValueError:
        return None
    return date if date.year in _YEARS else None
