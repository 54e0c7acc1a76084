# SPDX-License-Identifier: Apache-2.0
"""What a reader is given to read: stored when they are invited, found again for them alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlmodel import Session, col, func, select

from lessgad.dose_fraction import dose_label
from lessgad.reader_study.design import Case, Panel, Reading
from lessgad.reader_study.protocol import ReadingProtocol
from lessgad.reader_study.sittings import next_reading
from lessgad.reader_study.store import tables
from lessgad.reader_study.store.audit import canonical

State = Literal["done", "next", "later", "waiting", "closed"]


@dataclass(frozen=True)
class Assignment:
    """One reading of a reader, and where it stands.

    Attributes:
        reading: The reading.
        place: Place in the order of reading, from 0.
        row: Database row of the case.
        n_revisions: How often it was handed in; 0 where it was not.
        state: ``done``, ``next`` (open now), ``waiting`` (for the washout), ``later``, ``closed`` (read in an
            earlier sitting: to look at it again would undo the washout).
        opens_at: End of the washout; 0 if there is none.
    """

    reading: Reading
    place: int
    row: tables.ReadingCase
    n_revisions: int
    state: State
    opens_at: float = 0.0


def assign_readings(session: Session, account_id: int, readings: Sequence[Reading]) -> None:
    """Store what a new reader sees; what is stored already stays.

    Args:
        session: Session of the database.
        account_id: ID of the account.
        readings: Readings to assign.
    """
    if session.exec(select(tables.StoredReading.id).where(tables.StoredReading.account_id == account_id)).first():
        return
    for place, reading in enumerate(readings):
        session.add(
            tables.StoredReading(
                id=reading.id,
                account_id=account_id,
                case_id=reading.case.id,
                place=place,
                sitting=reading.sitting,
                occasion=reading.occasion,
                panels=spelled_panels(reading),
            )
        )
    session.flush()


def spelled_panels(reading: Reading) -> str:
    """Images of the panels, as JSON."""
    return canonical([asdict(panel) for panel in reading.panels])


def assignments(session: Session, account_id: int, at: float, protocol: ReadingProtocol) -> list[Assignment]:
    """List the readings of a reader in order, with their states.

    Args:
        session: Session of the database.
        account_id: ID of the reader.
        at: Now, in Unix seconds.
        protocol: Protocol of the study, which sets the length of the washout.

    Returns:
        The readings.
    """
    cases = {case.id: case for case in protocol.cases}
    rows = session.exec(
        select(tables.StoredReading, tables.ReadingCase)
        .where(tables.StoredReading.account_id == account_id, tables.StoredReading.case_id == tables.ReadingCase.id)
        .order_by(col(tables.StoredReading.place))
    ).all()
    handed_in = {
        reading_id: (int(n), float(first_at))
        for reading_id, n, first_at in session.exec(
            select(tables.AnswerSet.reading_id, func.count(), func.min(tables.AnswerSet.submitted_at))
            .where(
                tables.AnswerSet.reading_id == tables.StoredReading.id, tables.StoredReading.account_id == account_id
            )
            .group_by(col(tables.AnswerSet.reading_id))
        )
    }
    readings = [_reading(stored, cases[row.id]) for stored, row in rows]
    first_times = {reading_id: _moment(first_at) for reading_id, (_, first_at) in handed_in.items()}
    coming = next_reading(readings, first_times, _moment(at), protocol.settings.washout_days)
    last_sitting = max((reading.sitting for reading in readings), default=1)
    sitting = last_sitting if coming.reading is None else coming.reading.sitting
    found = []
    for place, (reading, (_, row)) in enumerate(zip(readings, rows, strict=True)):
        n, opens_at = handed_in.get(reading.id, (0, 0.0))[0], 0.0
        state: State = "later" if not n else "done" if reading.sitting == sitting else "closed"
        if coming.reading is not None and reading.id == coming.reading.id:
            state = "next" if coming.not_before is None else "waiting"
            opens_at = coming.not_before.timestamp() if coming.not_before else 0.0
        found.append(Assignment(reading, place, row, n, state, opens_at))
    return found


def find_assignment(
    session: Session, account_id: int, reading_id: str, at: float, protocol: ReadingProtocol
) -> Assignment | None:
    """Find a reading of this reader that is open or done.

    Args:
        session: Session of the database.
        account_id: ID of the account.
        reading_id: ID of the reading.
        at: Current time, in seconds since 1970.
        protocol: The protocol of the reader study.

    Returns:
        The reading; None for other readers' readings, and for later and closed ones.
    """
    found = find_given(session, account_id, reading_id, at, protocol)
    return found if found is not None and found.state in ("done", "next") else None


def find_given(
    session: Session, account_id: int, reading_id: str, at: float, protocol: ReadingProtocol
) -> Assignment | None:
    """Find a reading of this reader in any state.

    Args:
        session: Session of the database.
        account_id: ID of the account.
        reading_id: ID of the reading.
        at: Current time, in seconds since 1970.
        protocol: The protocol of the reader study.

    Returns:
        The reading; None for other readers' readings.
    """
    given = assignments(session, account_id, at, protocol)
    return next((assignment for assignment in given if assignment.reading.id == reading_id), None)


def image_kind(panel: Panel) -> str:
    """``pre_contrast``, ``standard_dose``, ``repeat`` or the label of a dose: the key of a panel's stored image."""
    return dose_label(panel.dose) if panel.image == "restored" else panel.image


def images_of(session: Session, case_id: str) -> dict[str, tables.Image]:
    """List the images of a case by kind.

    Args:
        session: Session of the database.
        case_id: ID of the case.

    Returns:
        Image by kind.
    """
    return {
        image.kind: image for image in session.exec(select(tables.Image).where(tables.Image.case_id == case_id)).all()
    }


def _reading(stored: tables.StoredReading, case: Case) -> Reading:
    panels = tuple(Panel(**panel) for panel in json.loads(stored.panels))
    return Reading(id=stored.id, case=case, occasion=stored.occasion, sitting=stored.sitting, panels=panels)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
