# SPDX-License-Identifier: Apache-2.0
"""Invitation, login, logout."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from lessgad.reader_study.store.accounts import accept_invitation, account_id_of, authenticate, find_invited
from lessgad.reader_study.store.logins import begin_login, end_login
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.templates import page
from lessgad.reader_study.web.visitors import (
    FORM_COOKIE,
    LOGIN_COOKIE,
    AnonymousForm,
    AnyVisitor,
    MaybeVisitor,
    OwnForm,
    new_form_secret,
    set_cookie,
    text,
)

router = APIRouter()
Study = Annotated[State, Depends(state_of)]
REFUSED = "Name and password do not match, or the account is locked for some minutes after wrong passwords."


@router.get("/login")
def show_login(request: Request, visitor: MaybeVisitor) -> Response:
    """Show the login form.

    Args:
        request: The request.
        visitor: The person who is logged in; None if nobody is.

    Returns:
        The page.
    """
    return RedirectResponse("/", 303) if visitor else _login_page(request)


@router.post("/login")
def log_in(request: Request, form: AnonymousForm, state: Study) -> Response:
    """Check name and password; each login gets a new token.

    Args:
        request: The request.
        form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect, or the form with an error.
    """
    name = text(form, "name").strip()
    account_id = authenticate(state.study.store, state.now(), name, text(form, "password"))
    if account_id is None:
        return _login_page(request, name=name, problem=REFUSED, status=422)
    return _logged_in(request, state, account_id)


@router.post("/logout")
def log_out(visitor: AnyVisitor, _form: OwnForm, state: Study) -> Response:
    """End this login.

    Args:
        visitor: The person who is logged in.
        _form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect.
    """
    with state.study.store.writing() as session:
        end_login(session, state.now(), visitor.token)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(LOGIN_COOKIE, path="/")
    return response


@router.get("/form-secret")
def form_secret(visitor: AnyVisitor) -> Response:
    """Give the secret of this login, for a page that was open while its reader logged in again."""
    return JSONResponse({"csrf": visitor.csrf})


@router.get("/invitation/{code}")
def show_invitation(request: Request, code: str, state: Study) -> Response:
    """Show the form for a first password.

    Args:
        request: The request.
        code: Code of the invitation.
        state: State of the server, with the reader study.

    Returns:
        The page.
    """
    with state.study.store.reading() as session:
        account = find_invited(session, state.now(), code)
    if account is None:
        raise HTTPException(404)
    return _invitation_page(request, account.name)


@router.post("/invitation/{code}")
def accept(request: Request, code: str, form: AnonymousForm, state: Study) -> Response:
    """Set the password and log in.

    Args:
        request: The request.
        code: Code of the invitation.
        form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect, or the form with an error.
    """
    password, again = text(form, "password"), text(form, "again")
    with state.study.store.writing() as session:
        account = find_invited(session, state.now(), code)
        if account is None:
            raise HTTPException(404)
        if password != again:
            problem: str | None = "The two passwords differ."
        else:
            problem = accept_invitation(session, state.now(), account, password)
        name, account_id = account.name, account_id_of(account)
    if problem is not None:
        return _invitation_page(request, name, problem, status=422)
    return _logged_in(request, state, account_id)


def _logged_in(request: Request, state: State, account_id: int) -> Response:
    with state.study.store.writing() as session:
        token = begin_login(session, state.now(), account_id)
    response = RedirectResponse("/", 303)
    set_cookie(request, response, LOGIN_COOKIE, token)
    response.delete_cookie(FORM_COOKIE, path="/")
    return response


def _login_page(request: Request, name: str = "", problem: str = "", status: int = 200) -> Response:
    secret = request.cookies.get(FORM_COOKIE) or new_form_secret()
    response = page("login", status=status, csrf=secret, name=name, problem=problem)
    set_cookie(request, response, FORM_COOKIE, secret)
    return response


def _invitation_page(request: Request, name: str, problem: str = "", status: int = 200) -> Response:
    secret = request.cookies.get(FORM_COOKIE) or new_form_secret()
    response = page("invitation", status=status, csrf=secret, name=name, problem=problem)
    set_cookie(request, response, FORM_COOKIE, secret)
    return response
