# SPDX-License-Identifier: Apache-2.0
"""The first page after the login: a reader's cases, or the coordinator's view of all readers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from lessgad.reader_study.store.answer_sets import signed_off_at
from lessgad.reader_study.store.assignments import Assignment, assignments
from lessgad.reader_study.store.tables import Account
from lessgad.reader_study.web.coordinator import progress_page
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.templates import page
from lessgad.reader_study.web.titles import sittings, title_of
from lessgad.reader_study.web.visitors import AnyVisitor, OwnForm, Reader

router = APIRouter()
Study = Annotated[State, Depends(state_of)]


@router.get("/")
def home(visitor: AnyVisitor, state: Study) -> Response:
    """Show the list of cases.

    Args:
        visitor: The person who is logged in.
        state: State of the server, with the reader study.

    Returns:
        The page.
    """
    if visitor.role == "coordinator":
        return progress_page(visitor, state)
    at = state.now()
    with state.study.store.reading() as session:
        given = assignments(session, visitor.account_id, at, state.study.protocol)
        signed_at = signed_off_at(session, visitor.account_id)
    open_one = next((one for one in given if one.state in ("next", "waiting")), None)
    return page(
        "cases",
        visitor,
        sittings=sittings(given),
        open_one=open_one,
        open_title=title_of(open_one, given) if open_one else "",
        n_done=_n_done(given),
        n=len(given),
        n_practice=sum(one.reading.case.practice for one in given),
        signed_at=signed_at,
        settings=state.study.protocol.settings,
    )


@router.post("/face-notice")
def face_notice_read(visitor: Reader, _form: OwnForm, state: Study) -> Response:
    """Record that a reader has confirmed the notice about faces, which is shown once.

    Args:
        visitor: The reader who is logged in.
        _form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect.
    """
    with state.study.store.writing() as session:
        account = session.get_one(Account, visitor.account_id)
        account.face_notice_at = account.face_notice_at or state.now()
        session.add(account)
    return RedirectResponse("/", 303)


def _n_done(given: list[Assignment]) -> int:
    return sum(one.n_revisions > 0 for one in given)
