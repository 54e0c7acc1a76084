# SPDX-License-Identifier: Apache-2.0
"""The application of `lessgad view`: a list, a page for each study, and voxels; it only reads."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from lessgad.errors import LessgadError
from lessgad.viewer.browser_images import N_LEVELS
from lessgad.viewer.headers import BodyLimit, SecurityHeaders
from lessgad.viewer.shown_study import ShownStudy, StudySource
from lessgad.viewer.static_files import PageFiles

if TYPE_CHECKING:
    from jinja2 import Environment

REFUSED = "Open the whole link that lessgad view printed; it holds the key to this page.\n"


def create_viewer(source: StudySource, token: str, hosts: Sequence[str]) -> Starlette:
    """Make the server of the viewer.

    Args:
        source: Source of the shown studies.
        token: Secret of the link; everyone who has it can see the images.
        hosts: Names under which browsers may ask for it.

    Returns:
        The application.
    """
    key, pages = _Key(token), _Pages(source)
    return Starlette(
        routes=[
            Route("/enter", key.enter),
            Route("/", key.needed_for(pages.listing)),
            Route("/studies/{number:int}", key.needed_for(pages.study)),
            Route("/studies/{number:int}/images/{key}", key.needed_for(pages.voxels)),
            Mount("/static", PageFiles()),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(BodyLimit),
        ],
    )


class _Key:
    """The token of the link: who has it gets a cookie, and nobody else gets a page."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._cookie = f"lessgad_view_{hashlib.sha256(self._token).hexdigest()[:8]}"

    def enter(self, request: Request) -> Response:
        """Take the token out of the link, so that it stays out of the history."""
        if not self._is_token(request.query_params.get("token", "")):
            return PlainTextResponse(REFUSED, 403)
        response = RedirectResponse("/", 303)
        response.set_cookie(self._cookie, self._token.decode(), httponly=True, samesite="strict", path="/")
        return response

    def needed_for(self, endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Guard a page; an image that cannot be read is said in one line."""

        def answer(request: Request) -> Response:
            if not self._is_token(request.cookies.get(self._cookie, "")):
                return PlainTextResponse(REFUSED, 403)
            try:
                return endpoint(request)
            except LessgadError as error:
                return PlainTextResponse(f"{error}\n", 404)

        return answer

    def _is_token(self, words: str) -> bool:
        return secrets.compare_digest(words.encode(), self._token)


class _Pages:
    """The list, the page of a study, and its voxels."""

    def __init__(self, source: StudySource) -> None:
        self._source = source

    def listing(self, _request: Request) -> Response:
        return _page("list", title=self._source.title, notice=self._source.notice, listing=_listing(self._source))

    def study(self, request: Request) -> Response:
        number, n_studies = _number(request, self._source), len(self._source.studies)
        shown = self._source.study(number)
        return _page(
            "study",
            title=self._source.title,
            study=shown,
            geometry=_geometry(shown, number),
            panels=[image for image in shown.images if image.kind == "image"],
            overlays=[image for image in shown.images if image.kind != "image"],
            before=number - 1 if number > 0 else None,
            after=number + 1 if number + 1 < n_studies else None,
        )

    def voxels(self, request: Request) -> Response:
        number, key = _number(request, self._source), request.path_params["key"]
        found = self._source.voxels(number, key, request.query_params.get("dose", ""))
        if found is None:
            raise HTTPException(404)
        return Response(found.tobytes(), media_type="application/octet-stream")


def _number(request: Request, source: StudySource) -> int:
    number = int(request.path_params["number"])
    if number >= len(source.studies):
        raise HTTPException(404)
    return number


def _listing(source: StudySource) -> dict[str, Any]:
    return {
        "figures": [asdict(figure) for figure in source.figures],
        "doses": [asdict(dose) for dose in source.doses],
        "studies": [
            {"number": number, "name": study.name, "note": study.note, "figures": study.figures}
            for number, study in enumerate(source.studies)
        ],
    }


def _geometry(shown: ShownStudy, number: int) -> dict[str, Any]:
    """Give the settings for the scripts of the page."""
    lesion = shown.lesion
    return {
        "number": number,
        "shape": shown.shape,
        "spacing_mm": shown.spacing_mm,
        "n_levels": N_LEVELS,
        "tissue": shown.tissue,
        "first_slice": shown.shape[2] // 2 if lesion is None else lesion.slice,
        "lesion": None if lesion is None else asdict(lesion),
        "doses": [asdict(dose) for dose in shown.doses],
        "images": [asdict(image) for image in shown.images],
        "address": f"/studies/{number}/images",
    }


def _page(template: str, **content: object) -> HTMLResponse:
    return HTMLResponse(_environment().get_template(f"{template}.html.j2").render(**content))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("lessgad.viewer"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
