# SPDX-License-Identifier: Apache-2.0
"""Who is asking, and whether a form of theirs is their own."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from lessgad.reader_study.store.logins import Visitor, find_visitor, note_seen
from lessgad.reader_study.web.state import State, state_of

LOGIN_COOKIE = "lessgad_login"
FORM_COOKIE = "lessgad_form"


class NotLoggedInError(Exception):
    """Nobody is logged in: a page leads to the login, anything else is answered with 401."""


def find_current(request: Request, state: Annotated[State, Depends(state_of)]) -> Visitor | None:
    """Find the person who is logged in.

    Args:
        request: The request.
        state: State of the server.

    Returns:
        The visitor; None if nobody is logged in.
    """
    token = request.cookies.get(LOGIN_COOKIE, "")
    if not token:
        return None
    at = state.now()
    with state.study.store.reading() as session:
        found = find_visitor(session, at, token)
    if found is None:
        return None
    visitor, is_time_to_note = found
    if is_time_to_note:
        with state.study.store.writing() as session:
            note_seen(session, at, token)
    return visitor


MaybeVisitor = Annotated[Visitor | None, Depends(find_current)]


def current(visitor: MaybeVisitor) -> Visitor:
    """Whoever is logged in; nobody raises NotLoggedInError."""
    if visitor is None:
        raise NotLoggedInError
    return visitor


AnyVisitor = Annotated[Visitor, Depends(current)]


def current_reader(visitor: AnyVisitor) -> Visitor:
    """Give the reader who is logged in; refuse everybody else."""
    if visitor.role != "reader":
        raise HTTPException(404)
    return visitor


def current_coordinator(visitor: AnyVisitor) -> Visitor:
    """Give the coordinator who is logged in; refuse everybody else."""
    if visitor.role != "coordinator":
        raise HTTPException(404)
    return visitor


Reader = Annotated[Visitor, Depends(current_reader)]
Coordinator = Annotated[Visitor, Depends(current_coordinator)]


async def own_form(request: Request, visitor: AnyVisitor) -> FormData:
    """Read a form that carries the secret of the visitor's login; other forms are answered with 400.

    Args:
        request: The request.
        visitor: The person who is logged in.

    Returns:
        The form.
    """
    form = await _form(request)
    _check_secret(form, visitor.csrf)
    return form


async def anonymous_form(request: Request) -> FormData:
    """Read a form of somebody who is not logged in: it carries what the cookie of its page says."""
    form = await _form(request)
    _check_secret(form, request.cookies.get(FORM_COOKIE, ""))
    return form


OwnForm = Annotated[FormData, Depends(own_form)]
AnonymousForm = Annotated[FormData, Depends(anonymous_form)]


def new_form_secret() -> str:
    """Secret of one anonymous form."""
    return secrets.token_urlsafe(24)


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Set a cookie for this browser session that scripts cannot read; over https it never leaves it.

    Args:
        request: The request.
        response: The response to change.
        name: Name of the cookie.
        value: Value of the cookie.
    """
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, httponly=True, secure=secure, samesite="lax", path="/")


def text(form: FormData, name: str) -> str:
    """Read one field of a form.

    Args:
        form: The form.
        name: Name of the field.

    Returns:
        The text; empty if there is no such field.
    """
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


async def _form(request: Request) -> FormData:
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(400)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(400)
    return await request.form(max_fields=500)


def _check_secret(form: FormData, wanted: str) -> None:
    if not wanted or not hmac.compare_digest(text(form, "csrf").encode(), wanted.encode()):
        raise HTTPException(400)
