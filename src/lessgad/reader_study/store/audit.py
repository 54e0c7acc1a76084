# SPDX-License-Identifier: Apache-2.0
"""The audit log: who did what when, each event bound to the one before by a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlmodel import Session, col, select

from lessgad.reader_study.store.tables import AuditEvent

GENESIS = "0" * 64


def canonical(value: object) -> str:
    """Spell a value as JSON, the same for equal values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def append_event(session: Session, at: float, account_id: int | None, event: str, **details: object) -> None:
    """Add an event in the same transaction as the change that it records.

    hash_n = SHA-256(hash_{n−1}, time, account, event, details), hash_0 = 0. Who changes or removes an event
    has to rewrite all that follow; that the last ones are gone shows only against a hash noted elsewhere.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account_id: ID of the account; None where no one is logged in.
        event: What happened.
        **details: Further facts, as JSON values.
    """
    previous = session.exec(select(AuditEvent.sha256).order_by(col(AuditEvent.id).desc()).limit(1)).first() or GENESIS
    spelled = canonical(details)
    link = _link(previous, at, account_id, event, spelled)
    session.add(
        AuditEvent(
            happened_at=at,
            account_id=account_id,
            event=event,
            details=spelled,
            previous_sha256=previous,
            sha256=link,
        )
    )
    session.flush()


def broken_links(events: Iterable[AuditEvent]) -> list[str]:
    """Say where a chain of events is not whole; empty where it is."""
    problems = []
    previous, number = GENESIS, 0
    for event in events:
        if event.id != number + 1:
            problems.append(f"audit event {number + 1} is missing")
        if event.previous_sha256 != previous:
            problems.append(f"audit event {event.id} does not follow the one before it")
        if event.sha256 != _link(
            event.previous_sha256, event.happened_at, event.account_id, event.event, event.details
        ):
            problems.append(f"audit event {event.id} was changed")
        previous, number = event.sha256, event.id or 0
    return problems


def _link(previous: str, at: float, account_id: int | None, event: str, details: str) -> str:
    return digest(canonical([previous, repr(at), account_id, event, details]))
