# SPDX-License-Identifier: Apache-2.0
"""Logins: kept on the server, so that they can be ended; the browser has a random token and nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlmodel import Session, col, select

from lessgad.reader_study.store.audit import append_event, digest
from lessgad.reader_study.store.tables import Account, Login

IDLE_S = 60 * 60.0
LONGEST_S = 12 * 3600.0
#: `seen_at` is not written more often than this.
SEEN_EVERY_S = 30.0


@dataclass(frozen=True)
class Visitor:
    """Who is asking.

    Attributes:
        account_id: Their account.
        name: Login name.
        role: reader or coordinator.
        csrf: What every form of theirs must carry.
        token: Token of the login.
        seen_face_notice: Whether they have been told that images show faces.
    """

    account_id: int
    name: str
    role: str
    csrf: str
    token: str
    seen_face_notice: bool


def begin_login(session: Session, at: float, account_id: int) -> str:
    """Log an account in; the database keeps only a hash of the token.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account_id: ID of the account.

    Returns:
        The token for the browser.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        Login(
            token_sha256=digest(token),
            account_id=account_id,
            csrf=secrets.token_urlsafe(32),
            created_at=at,
            seen_at=at,
        )
    )
    append_event(session, at, account_id, "logged in")
    return token


def find_visitor(session: Session, at: float, token: str) -> tuple[Visitor, bool] | None:
    """Find the person with a token, and whether their last visit should be updated.

    None where the login was ended, was idle for an hour, or is older than twelve.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        token: Token of the login.

    Returns:
        Both; None without a valid login.
    """
    row = session.exec(
        select(Login, Account).where(Login.token_sha256 == digest(token), Login.account_id == Account.id)
    ).first()
    if row is None:
        return None
    login, account = row
    if login.ended_at is not None or at - login.seen_at > IDLE_S or at - login.created_at > LONGEST_S:
        return None
    visitor = Visitor(
        account_id=login.account_id,
        name=account.name,
        role=account.role,
        csrf=login.csrf,
        token=token,
        seen_face_notice=account.face_notice_at is not None,
    )
    return visitor, at - login.seen_at > SEEN_EVERY_S


def note_seen(session: Session, at: float, token: str) -> None:
    """Put off the idle timeout.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        token: Token of the login.
    """
    login = session.get(Login, digest(token))
    if login is not None and login.ended_at is None:
        login.seen_at = at
        session.add(login)


def end_login(session: Session, at: float, token: str) -> None:
    """Log a browser out.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        token: Token of the login.
    """
    login = session.get(Login, digest(token))
    if login is not None and login.ended_at is None:
        login.ended_at = at
        session.add(login)
        append_event(session, at, login.account_id, "logged out")


def end_all_logins(session: Session, at: float, account_id: int) -> int:
    """Log an account out everywhere.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account_id: ID of the account.

    Returns:
        Number of logins that ended.
    """
    open_ones = session.exec(select(Login).where(Login.account_id == account_id, col(Login.ended_at).is_(None))).all()
    for login in open_ones:
        login.ended_at = at
        session.add(login)
    if open_ones:
        append_event(session, at, account_id, "logged out everywhere", n_logins=len(open_ones))
    return len(open_ones)
