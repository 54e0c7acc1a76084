# SPDX-License-Identifier: Apache-2.0
"""What a reader reads next, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lessgad.reader_study.design import Reading


@dataclass(frozen=True)
class Next:
    """The next reading.

    Attributes:
        reading: The reading; None if all are done.
        not_before: Earliest time at which it may be read; None for now.
    """

    reading: Reading | None
    not_before: datetime | None = None


def next_reading(
    readings: Sequence[Reading], handed_in: Mapping[str, datetime], now: datetime, washout_days: float
) -> Next:
    """Find the first reading that is not submitted; a new sitting opens after the washout.

    Args:
        readings: Readings of one reader, in order.
        handed_in: Identifier of a reading → when it was handed in first.
        now: Current time, with a time zone.
        washout_days: Days since the last reading of the previous sitting.

    Returns:
        The reading, or when the next sitting opens.
    """
    waiting = next((reading for reading in readings if reading.id not in handed_in), None)
    if waiting is None:
        return Next(None)
    before = [handed_in[reading.id] for reading in readings if reading.sitting < waiting.sitting]
    opens = max(before, default=now) + timedelta(days=washout_days if before else 0)
    return Next(waiting, opens if opens > now else None)
