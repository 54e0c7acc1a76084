# SPDX-License-Identifier: Apache-2.0
"""When sessions were, from the dates that tables state: in ISO 8601, or as a spreadsheet of some country shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta

_MISSING = {"", "n/a", "na", "nan", "none", "null", "unknown", "-", "?"}
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d")
_DAYS_OF_THIS_CENTURY = ("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d-%m-%y", "%m-%d-%y")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
_DAY, _INSTANT = timedelta(days=1) - timedelta(microseconds=1), timedelta(0)
#: Local time is that much ahead of UTC, at most and at least.
_ZONES = timedelta(hours=14), timedelta(hours=-12)


@dataclass(frozen=True)
class Span:
    """The time of a session, as exactly as it is stated.

    Attributes:
        first: Earliest moment, UTC where a time zone is known.
        last: Latest moment; the end of the day for a date without a time.
    """

    first: datetime
    last: datetime

    def is_before(self, other: Span) -> bool:
        """Whether this time is certainly earlier than another."""
        return self.last < other.first


def is_stated(words: str) -> bool:
    """Whether a cell states a time, readable or not; ``n/a`` and the like do not."""
    return words.strip().lower() not in _MISSING


def readings(stated: Sequence[str]) -> list[list[Span]]:
    """Read times in every form of date that all of them fit.

    Without its country, 03/04/2024 is a day in March or in April. ISO 8601 decides alone where it fits.

    Args:
        stated: Times as written.

    Returns:
        The times in each reading; no reading if they fit no form.
    """
    iso = [_iso(words) for words in stated]
    if None not in iso:
        return [_in_one_zone([time for time in iso if time is not None])]
    forms = [*_DAYS, *_DAYS_OF_THIS_CENTURY]
    found = [[_in_form(words, form) for words in stated] for form in forms]
    return [[span for span in spans if span is not None] for spans in found if None not in spans]


def _iso(words: str) -> tuple[datetime, timedelta] | None:
    """Give the first moment of a time in ISO 8601, and how long what is stated lasts."""
    text = words.strip()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not MINYEAR < time.year < MAXYEAR:
        return None
    return time, _DAY if len(text) <= len("2024-01-05") else _INSTANT


def _in_one_zone(times: list[tuple[datetime, timedelta]]) -> list[Span]:
    """Compare times with a time zone in UTC; beside them, one without is known to a day only."""
    if all(time.tzinfo is None for time, _ in times):
        return [Span(time, time + length) for time, length in times]
    ahead, behind = _ZONES
    spans = []
    for time, length in times:
        if time.tzinfo is None:
            spans.append(Span(time - ahead, time + length - behind))
        else:
            moment = time.astimezone(UTC).replace(tzinfo=None)
            spans.append(Span(moment, moment + length))
    return spans


def _in_form(words: str, form: str) -> Span | None:
    text = " ".join(words.replace("T", " ").split())
    for clock in ("", *_CLOCKS):
        try:
            time = datetime.strptime(text, f"{form} {clock}".strip())  # noqa: DTZ007 - spreadsheets state no zone
        except ValueError:
            continue
        return Span(time, time + (_INSTANT if clock else _DAY))
    return None
