# SPDX-License-Identifier: Apache-2.0
"""What the page of a case sends: drafts with reading time, and answers."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, RedirectResponse, Response

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.design import Reading
from lessgad.reader_study.responses import Problem, problems, responses_from_form, visible_responses
from lessgad.reader_study.store.answer_sets import Submission, revisions, save_draft, submit
from lessgad.reader_study.store.assignments import assignments, find_assignment, find_given
from lessgad.reader_study.store.logins import Visitor
from lessgad.reader_study.store.page_views import note_active
from lessgad.reader_study.store.protocol_freeze import frozen_sha256
from lessgad.reader_study.web.reading_page import render_reading
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.visitors import OwnForm, Reader, text

router = APIRouter()
Study = Annotated[State, Depends(state_of)]
LONGEST_REASON = 1000
LONGEST_TOKEN = 64


@router.post("/readings/{reading_id}/draft")
def keep_draft(reading_id: str, visitor: Reader, form: OwnForm, state: Study) -> Response:
    """Save the answers so far as a draft; with ``time_only`` save only the reading time.

    Args:
        reading_id: ID of the reading.
        visitor: The reader who is logged in.
        form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        An empty response.
    """
    at = state.now()
    with state.study.store.writing() as session:
        reading = _reading(session, reading_id, visitor, state)
        _note_time(session, at, reading, form)
        is_older = _based_on(form) != len(revisions(session, reading_id))
        if not text(form, "time_only") and not is_older:
            answers = responses_from_form(state.study.protocol.questionnaire, reading, _fields(form))
            reason = text(form, "reason")[:LONGEST_REASON]
            save_draft(session, at, visitor.account_id, reading_id, answers, reason)
    return JSONResponse({"saved": True})


@router.post("/readings/{reading_id}/answers")
def hand_in(request: Request, reading_id: str, visitor: Reader, form: OwnForm, state: Study) -> Response:
    """Append submitted answers; confirmed answers are on disk.

    Args:
        request: The request.
        reading_id: ID of the reading.
        visitor: The reader who is logged in.
        form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect, or the page with the problems.
    """
    study, at = state.study, state.now()
    with study.store.writing() as session:
        known = _handed_in_before(session, reading_id, visitor, state, text(form, "submission"))
        reading = known or _reading(session, reading_id, visitor, state)
        _note_time(session, at, reading, form)
        questionnaire = study.protocol.questionnaire
        given = responses_from_form(questionnaire, reading, _fields(form))
        answers = visible_responses(questionnaire, reading, given)
        wrong = problems(questionnaire, reading, answers)
        refused = ""
        if not wrong:
            submission = Submission(
                token=text(form, "submission")[:LONGEST_TOKEN],
                based_on=_based_on(form),
                answers=answers,
                reason=text(form, "reason")[:LONGEST_REASON],
            )
            try:
                protocol = frozen_sha256(session, at, study.protocol)
                submit(session, at, visitor.account_id, reading, submission, protocol)
            except ReaderStudyError as error:
                refused = str(error)
                session.rollback()
        following = "" if wrong or refused else _next_address(session, visitor, state)
    return _answered(request, reading_id, visitor, state, wrong, refused, following)


def _answered(
    request: Request,
    reading_id: str,
    visitor: Visitor,
    state: State,
    wrong: list[Problem],
    refused: str,
    following: str,
) -> Response:
    is_script = "application/json" in request.headers.get("accept", "")
    if following:
        return JSONResponse({"next": following}) if is_script else RedirectResponse(following, 303)
    reason = refused or "Some answers are missing or not valid."
    if is_script:
        named = [{"item": problem.item, "reason": problem.reason} for problem in wrong]
        return JSONResponse({"reason": reason, "problems": named}, 409 if refused else 422)
    return render_reading(reading_id, visitor, state, 409 if refused else 422, reason)


def _handed_in_before(session: Session, reading_id: str, visitor: Visitor, state: State, token: str) -> Reading | None:
    """Find the reading for which this very page was submitted already: its sitting may have closed with that."""
    found = find_given(session, visitor.account_id, reading_id, state.now(), state.study.protocol)
    if found is None or all(known.submission != token for known in revisions(session, reading_id)):
        return None
    return found.reading


def _reading(session: Session, reading_id: str, visitor: Visitor, state: State) -> Reading:
    found = find_assignment(session, visitor.account_id, reading_id, state.now(), state.study.protocol)
    if found is None:
        raise HTTPException(404)
    return found.reading


def _next_address(session: Session, visitor: Visitor, state: State) -> str:
    """Give the page of the case that is open now; the list if none is."""
    session.flush()
    given = assignments(session, visitor.account_id, state.now(), state.study.protocol)
    return next((f"/readings/{one.reading.id}" for one in given if one.state == "next"), "/")


def _note_time(session: Session, at: float, reading: Reading, form: FormData) -> None:
    view_id = text(form, "view_id")
    try:
        active_s = float(text(form, "active_s") or "0")
    except ValueError:
        return
    if 0 < len(view_id) <= LONGEST_TOKEN and math.isfinite(active_s) and active_s >= 0:
        note_active(session, at, reading.id, view_id, active_s)


def _based_on(form: FormData) -> int:
    given = text(form, "based_on")
    return int(given) if given.isdecimal() and len(given) < 9 else -1


def _fields(form: FormData) -> dict[str, list[str]]:
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}
