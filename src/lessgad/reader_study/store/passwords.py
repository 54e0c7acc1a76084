# SPDX-License-Identifier: Apache-2.0
"""Passwords: argon2id, and what is asked of a new one."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_LENGTH = 12
MOST_LENGTH = 200
#: RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes.
_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """Hash of a password that nobody has: unknown names take as long as known ones."""
    return _HASHER.hash(secrets.token_urlsafe())


def password_problem(password: str, name: str) -> str | None:
    """Check a new password.

    Args:
        password: The password as typed.
        name: Login name.

    Returns:
        What is wrong with it; None if nothing is.
    """
    if len(password) < LEAST_LENGTH:
        return f"Use at least {LEAST_LENGTH} characters; a few words in a row are good."
    if len(password) > MOST_LENGTH:
        return f"Use at most {MOST_LENGTH} characters."
    if len(set(password)) < 5 or password.casefold() == name.casefold():
        return "This is too easy to guess."
    return None


def hash_password(password: str) -> str:
    """Hash with argon2id and a salt of its own."""
    return _HASHER.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Check a password; without a hash the result is False, after the same time.

    Args:
        password_hash: Stored hash; None where there is no account.
        password: The password as typed.

    Returns:
        True if it is correct.
    """
    try:
        return _HASHER.verify(password_hash or _nobody(), password[: MOST_LENGTH + 1]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
