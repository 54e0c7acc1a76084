# SPDX-License-Identifier: Apache-2.0
"""The protocol as the database holds it: written with the first answer, checked before each further one."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, select

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.protocol import (
    ReadingProtocol,
    check_unchanged,
    freeze,
    frozen_json,
    protocol_sha256,
    read_frozen,
)
from lessgad.reader_study.store.assignments import spelled_panels
from lessgad.reader_study.store.audit import append_event
from lessgad.reader_study.store.tables import Account, StoredProtocol, StoredReading


def frozen_sha256(session: Session, at: float, protocol: ReadingProtocol) -> str:
    """Give the hash of the frozen protocol, and freeze it first if necessary.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        protocol: The protocol of the reader study.

    Returns:
        SHA-256 as hexadecimal digits.

    Raises:
        ReaderStudyError: It is frozen, and another one.
    """
    stored = session.get(StoredProtocol, 1)
    if stored is None:
        frozen_on = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        sha256 = protocol_sha256(protocol)
        session.add(StoredProtocol(id=1, content=frozen_json(freeze(protocol, frozen_on)), sha256=sha256, frozen_at=at))
        append_event(session, at, None, "protocol frozen", sha256=sha256)
        return sha256
    check_unchanged(read_frozen(stored.content), protocol)
    return stored.sha256


def check_protocol(session: Session, protocol: ReadingProtocol) -> None:
    """Raise ReaderStudyError where the protocol is not the frozen one, or not that by which readers were invited.

    Args:
        session: Session of the database.
        protocol: The protocol of the reader study.
    """
    stored = session.get(StoredProtocol, 1)
    if stored is not None:
        check_unchanged(read_frozen(stored.content), protocol)
    for account in session.exec(select(Account).where(Account.role == "reader")):
        wanted = {reading.id: spelled_panels(reading) for reading in protocol.readings_of(account.name)}
        given = {
            row.id: row.panels
            for row in session.exec(select(StoredReading).where(StoredReading.account_id == account.id))
        }
        if given != wanted:
            raise ReaderStudyError(
                "The settings or cases are not those with which the readers were invited",
                remedy="Put them back; questions can be changed until the first answer, the rest cannot",
            )
