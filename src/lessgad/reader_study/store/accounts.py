# SPDX-License-Identifier: Apache-2.0
"""Accounts: invited by the coordinator, opened with a password of one's own, locked after wrong ones."""

from __future__ import annotations

import re
import secrets

from sqlmodel import Session, col, select

from lessgad.errors import SettingsError
from lessgad.reader_study.store.audit import append_event, digest
from lessgad.reader_study.store.database import Store
from lessgad.reader_study.store.logins import end_all_logins
from lessgad.reader_study.store.passwords import hash_password, is_password, password_problem
from lessgad.reader_study.store.tables import Account, Role

INVITATION_S = 14 * 86400.0
MOST_FAILURES = 5
LOCKED_S = 15 * 60.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def invite(session: Session, at: float, name: str, role: Role) -> tuple[Account, str]:
    """Create an account, or invite its owner again.

    A new invitation ends all logins of the account and makes its old password worthless.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        name: Login name.
        role: Role of the account.

    Returns:
        The account, and the code that opens it once within 14 days.

    Raises:
        SettingsError: The name is not one, or is of somebody in the other role.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"The name {name!r} is not allowed", remedy="Use up to 40 letters, digits, '.', '_' and '-'"
        )
    account = find_account(session, name)
    if account is None:
        account = Account(name=name, role=role, created_at=at)
        session.add(account)
        session.flush()
    elif account.role != role:
        raise SettingsError(f"There is already a {account.role} named {name}", remedy="Choose another name")
    code = secrets.token_urlsafe(32)
    account.invitation_sha256, account.invitation_ends_at = digest(code), at + INVITATION_S
    account.password_hash, account.n_failures, account.locked_until_at = None, 0, 0.0
    session.add(account)
    end_all_logins(session, at, account_id_of(account))
    append_event(session, at, account.id, "invited", role=role)
    return account, code


def find_invited(session: Session, at: float, code: str) -> Account | None:
    """Find the account that an invitation code opens.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        code: Code of the invitation.

    Returns:
        The account; None if the code is used, expired or unknown.
    """
    account = session.exec(select(Account).where(Account.invitation_sha256 == digest(code))).first()
    return account if account is not None and (account.invitation_ends_at or 0) > at else None


def accept_invitation(session: Session, at: float, account: Account, password: str) -> str | None:
    """Set the password of an invited account, and use up the invitation.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account: The account.
        password: The password as typed.

    Returns:
        What is wrong with the password; None if it was accepted.
    """
    problem = password_problem(password, account.name)
    if problem is None:
        account.password_hash = hash_password(password)
        account.invitation_sha256 = account.invitation_ends_at = None
        session.add(account)
        append_event(session, at, account.id, "invitation accepted")
    return problem


def authenticate(store: Store, at: float, name: str, password: str) -> int | None:
    """Check a name and password.

    Five wrong passwords in a row lock an account for 15 minutes; while it is locked the right one does not
    open it either, and nothing tells the two apart. Hashing, which is slow on purpose, holds no transaction.

    Args:
        store: The database.
        at: Current time, in seconds since 1970.
        name: Login name.
        password: The password as typed.

    Returns:
        ID of the account; None if they do not match or the account is locked.
    """
    with store.reading() as session:
        known = find_account(session, name)
    password_hash = known.password_hash if known else None
    right = is_password(password_hash, password)
    if known is None:
        return None
    with store.writing() as session:
        account = session.get_one(Account, known.id)
        if account.locked_until_at > at or account.password_hash != password_hash:
            return None
        session.add(account)
        if right:
            account.n_failures = 0
            return account_id_of(account)
        account.n_failures += 1
        append_event(session, at, account.id, "wrong password")
        if account.n_failures >= MOST_FAILURES:
            account.n_failures, account.locked_until_at = 0, at + LOCKED_S
            append_event(session, at, account.id, "locked")
    return None


def find_account(session: Session, name: str) -> Account | None:
    """Find an account by name, ignoring case.

    Args:
        session: Session of the database.
        name: Login name.

    Returns:
        The account; None without one.
    """
    return session.exec(select(Account).where(col(Account.name).collate("NOCASE") == name)).first()


def accounts(session: Session, role: Role) -> list[Account]:
    """List all accounts of a role, in the order of their creation.

    Args:
        session: Session of the database.
        role: Role of the account.

    Returns:
        The accounts.
    """
    return list(session.exec(select(Account).where(Account.role == role).order_by(col(Account.id))))


def account_id_of(account: Account) -> int:
    """Give the id of a stored account."""
    if account.id is None:
        raise RuntimeError("the account is not stored yet")
    return account.id
