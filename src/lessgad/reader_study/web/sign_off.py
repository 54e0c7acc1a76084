# SPDX-License-Identifier: Apache-2.0
"""The last step of a reader: nothing changes after it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from lessgad.reader_study.store import answer_sets
from lessgad.reader_study.store.assignments import assignments
from lessgad.reader_study.store.logins import Visitor
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.templates import page
from lessgad.reader_study.web.visitors import OwnForm, Reader, text

router = APIRouter()
Study = Annotated[State, Depends(state_of)]


@router.get("/sign-off")
def show_sign_off(visitor: Reader, state: Study) -> Response:
    """Ask for confirmation of the sign-off; readers who have not finished get no such page.

    Args:
        visitor: The reader who is logged in.
        state: State of the server, with the reader study.

    Returns:
        The page.
    """
    with state.study.store.reading() as session:
        n = _n_to_sign(session, visitor, state)
    return page("sign_off", visitor, n=n)


@router.post("/sign-off")
def sign_off(visitor: Reader, form: OwnForm, state: Study) -> Response:
    """Close the answers of a reader.

    Args:
        visitor: The reader who is logged in.
        form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect.
    """
    with state.study.store.writing() as session:
        _n_to_sign(session, visitor, state)
        if text(form, "sure") == "yes":
            answer_sets.sign_off(session, state.now(), visitor.account_id)
    return RedirectResponse("/", 303)


def _n_to_sign(session: Session, visitor: Visitor, state: State) -> int:
    given = assignments(session, visitor.account_id, state.now(), state.study.protocol)
    if not given or any(one.n_revisions == 0 for one in given):
        raise HTTPException(404)
    return sum(not one.reading.case.practice for one in given)
