# SPDX-License-Identifier: Apache-2.0
"""Scripts and styles of a page: those of this package, and those that a page adds."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class PageFiles(StaticFiles):
    """Scripts and styles in several folders under one address; browsers ask each time whether they have changed.

    Args:
        *packages: Folders to look in first, as package and folder, e.g. ``("lessgad.reader_study", "viewer")``.
    """

    def __init__(self, *packages: tuple[str, str]) -> None:
        folders = [Path(str(files(package).joinpath(folder))) for package, folder in packages]
        folders.append(Path(str(files("lessgad.viewer").joinpath("static"))))
        super().__init__(directory=folders[0])
        self.all_directories = list(folders)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file that browsers must request again each time.

        Args:
            path: Path in the address.
            scope: Scope of the request (ASGI).

        Returns:
            The response.
        """
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
