# SPDX-License-Identifier: Apache-2.0
"""Voxels for the panels: of a reader's own cases, by the place of the panel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import FileResponse, Response

from lessgad.reader_study.store.assignments import find_assignment, image_kind, images_of
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.visitors import Reader

router = APIRouter()


@router.get("/readings/{reading_id}/images/{place}")
def image(reading_id: str, place: int, visitor: Reader, state: Annotated[State, Depends(state_of)]) -> Response:
    """Send 16-bit voxels, gzipped, which no cache may keep.

    Args:
        reading_id: ID of the reading.
        place: Place of the image among the panels, from 0.
        visitor: The reader who is logged in.
        state: State of the server.

    Returns:
        The voxels.
    """
    study = state.study
    with study.store.reading() as session:
        assignment = find_assignment(session, visitor.account_id, reading_id, state.now(), study.protocol)
        if assignment is None or not 0 <= place < len(assignment.reading.panels):
            raise HTTPException(404)
        panel = assignment.reading.panels[place]
        stored = images_of(session, assignment.reading.case.id)[image_kind(panel)]
    path = study.folder.image(stored.id)
    if not path.is_file():
        raise HTTPException(404)
    headers = {"Content-Encoding": "gzip", "Cache-Control": "no-store"}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)
