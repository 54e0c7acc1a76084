# SPDX-License-Identifier: Apache-2.0
"""HTML pages from the templates; every value is escaped."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from lessgad.reader_study.store.logins import Visitor


def page(template: str, visitor: Visitor | None = None, status: int = 200, **content: object) -> HTMLResponse:
    """Render a template as a whole page.

    Args:
        template: Name of the template, without ``.html.j2``.
        visitor: Who is looking, if anybody is logged in.
        status: HTTP status.
        **content: What the template shows.

    Returns:
        The response.
    """
    source = _environment().get_template(f"{template}.html.j2")
    return HTMLResponse(source.render(visitor=visitor, **content), status_code=status)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lessgad.reader_study"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["day_and_time"] = _day_and_time
    return environment


def _day_and_time(at: float) -> str:
    """In the time of the server's place: ``24 Nov 2026, 16:05``."""
    return datetime.fromtimestamp(at).astimezone().strftime("%-d %b %Y, %H:%M")
