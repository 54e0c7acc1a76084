# SPDX-License-Identifier: Apache-2.0
"""The application: its routes, and what holds for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fastapi import FastAPI, HTTPException, Request
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response

from lessgad.reader_study.study import ReaderStudy
from lessgad.reader_study.web import coordinator, home, image_route, login_pages, reading_page, reading_posts, sign_off
from lessgad.reader_study.web.state import State
from lessgad.reader_study.web.templates import page
from lessgad.reader_study.web.visitors import NotLoggedInError
from lessgad.viewer.headers import BodyLimit, SecurityHeaders
from lessgad.viewer.static_files import PageFiles

WORDS = {400: "This form is out of date. Load the page again.", 404: "There is nothing here."}


def create_app(
    study: ReaderStudy, hosts: Sequence[str], experiment: str = "EXPERIMENT", now: Callable[[], float] = time.time
) -> FastAPI:
    """Make the server of a reader study.

    Args:
        study: Open.
        hosts: Names under which browsers may ask for it; under any other nothing is answered.
        experiment: How the coordinator's page names the experiment.
        now: The clock, in Unix seconds.

    Returns:
        The application.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.lessgad = State(study, now, experiment)
    for routes in (login_pages, home, reading_page, image_route, reading_posts, sign_off, coordinator):
        app.include_router(routes.router)
    app.mount("/static", PageFiles(("lessgad.reader_study", "viewer")), name="static")
    app.add_exception_handler(NotLoggedInError, _not_logged_in)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders)
    return app


async def _not_logged_in(request: Request, _error: Exception) -> Response:
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/login", 303)
    return JSONResponse({"reason": "not logged in"}, 401)


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException | StarletteHTTPException) else 500
    words = WORDS.get(status, "This cannot be done.")
    return (
        JSONResponse({"reason": words}, status)
        if "application/json" in request.headers.get("accept", "")
        else page("refused", status=status, words=words)
    )
