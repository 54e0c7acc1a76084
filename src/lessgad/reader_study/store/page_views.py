# SPDX-License-Identifier: Apache-2.0
"""Active reading time: seconds in which somebody moved something while the page was to be seen."""

from __future__ import annotations

from sqlmodel import Session, func, select

from lessgad.reader_study.store.tables import PageView


def note_active(session: Session, at: float, reading_id: str, view_id: str, active_s: float) -> None:
    """Keep the active seconds of one time that a page was open; repeated or late notes do not count twice.

    The count only grows, and never beyond the time since the first note, which comes when the page opens.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        reading_id: ID of the reading.
        view_id: ID of the page view.
        active_s: Active time so far, in seconds.
    """
    view = session.get(PageView, view_id)
    if view is None:
        session.add(PageView(id=view_id, reading_id=reading_id, opened_at=at, active_s=0.0))
        return
    if view.reading_id == reading_id:
        view.active_s = max(view.active_s, min(active_s, at - view.opened_at))
        session.add(view)


def active_seconds(session: Session, reading_id: str) -> float:
    """Add up the active time of all views of a page.

    Args:
        session: Session of the database.
        reading_id: ID of the reading.

    Returns:
        Seconds.
    """
    total = session.exec(select(func.sum(PageView.active_s)).where(PageView.reading_id == reading_id)).one()
    return round(float(total or 0.0), 1)
