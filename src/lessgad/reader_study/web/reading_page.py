# SPDX-License-Identifier: Apache-2.0
"""The page of one case: images at the left, questions at the right."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import RedirectResponse, Response

from lessgad.reader_study.store.answer_sets import answers_to_show, revisions, signed_off_at
from lessgad.reader_study.store.assignments import Assignment, assignments
from lessgad.reader_study.store.logins import Visitor
from lessgad.reader_study.web.question_form import questions_to_ask
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.templates import page
from lessgad.reader_study.web.titles import title_of
from lessgad.reader_study.web.visitors import Reader
from lessgad.viewer.browser_images import N_LEVELS

router = APIRouter()


@router.get("/readings/{reading_id}")
def reading_page(reading_id: str, visitor: Reader, state: Annotated[State, Depends(state_of)]) -> Response:
    """Show a case that is open or was read.

    Args:
        reading_id: ID of the reading.
        visitor: The reader who is logged in.
        state: State of the server.

    Returns:
        The page.
    """
    if not visitor.seen_face_notice:
        return RedirectResponse("/", 303)
    return render_reading(reading_id, visitor, state)


def render_reading(reading_id: str, visitor: Visitor, state: State, status: int = 200, problem: str = "") -> Response:
    """Render the page of a case.

    Args:
        reading_id: ID of the case as this reader sees it.
        visitor: The reader.
        state: State of the server.
        status: HTTP status.
        problem: Problem with a submission by a browser without scripts.

    Returns:
        The response.
    """
    protocol = state.study.protocol
    with state.study.store.reading() as session:
        given = assignments(session, visitor.account_id, state.now(), protocol)
        assignment = next((one for one in given if one.reading.id == reading_id), None)
        if assignment is None or assignment.state not in ("done", "next"):
            raise HTTPException(404)
        answers, reason = answers_to_show(session, reading_id)
        history = revisions(session, reading_id)
        signed_at = signed_off_at(session, visitor.account_id)
    before, after = _neighbors(assignment, given)
    reading = assignment.reading
    return page(
        "reading",
        visitor,
        status,
        title=title_of(assignment, given),
        questionnaire=protocol.questionnaire,
        reading=reading,
        blinded=protocol.settings.mode == "blinded",
        geometry=_geometry(assignment, protocol.settings.mode),
        questions=questions_to_ask(protocol.questionnaire, reading, answers),
        n_revisions=len(history),
        last_at=history[-1].submitted_at if history else 0.0,
        reason=reason,
        submission=secrets.token_urlsafe(16),
        view_id=secrets.token_urlsafe(16),
        signed_at=signed_at,
        problem=problem,
        before=before,
        after=after,
    )


def _geometry(assignment: Assignment, mode: str) -> dict[str, Any]:
    """Geometry that the viewer needs; a case opens at the lesion, except in blinded mode."""
    row = assignment.row
    lesion_slice = row.lesion_slice if mode == "open" else None
    return {
        "shape": [row.n_x, row.n_y, row.n_z],
        "spacing_mm": [row.spacing_x_mm, row.spacing_y_mm, row.spacing_z_mm],
        "n_levels": N_LEVELS,
        "tissue": row.tissue,
        "first_slice": row.first_slice if lesion_slice is None else lesion_slice,
        "lesion_slice": lesion_slice,
    }


def _neighbors(assignment: Assignment, given: list[Assignment]) -> tuple[str, str]:
    """Addresses of the case before and after, where they are to be seen."""
    by_place = {one.place: f"/readings/{one.reading.id}" for one in given if one.state in ("done", "next")}
    return by_place.get(assignment.place - 1, ""), by_place.get(assignment.place + 1, "")
