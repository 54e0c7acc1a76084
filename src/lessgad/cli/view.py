# SPDX-License-Identifier: Apache-2.0
"""`lessgad view`: look through images in a browser on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lessgad.viewer.shown_study import StudySource

PACKAGES = ("starlette", "uvicorn")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "view", epilog="Example: lessgad view glioma; lessgad view t1.nii.gz low.nii.gz restored.nii.gz mask.nii.gz"
    )(view)


def view(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="EXPERIMENT|FILES…",
            help="An experiment folder, or NIfTI files on one grid; masks (…dseg, …mask or …seg) become contours.",
        ),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the link in a browser.")] = True,
) -> None:
    """Look through the images of an experiment, or through NIfTI files, in a browser on this machine, until Ctrl-C.

    Nothing is changed. The printed link holds a key; only this machine can reach the page. Seen from another machine:
    forward the port, e.g. ssh -L PORT:127.0.0.1:PORT HOST, and open the same link there.
    """
    import contextlib
    import secrets
    import webbrowser

    _check_packages()
    source = _source(paths)
    from lessgad.viewer.app import create_viewer
    from lessgad.viewer.local_server import HOST, listen, serve

    listening = listen(port)
    token = secrets.token_urlsafe(24)
    link = f"http://{HOST}:{listening.getsockname()[1]}/enter?token={token}"
    typer.echo(link)
    typer.echo("Press Ctrl-C to stop.", err=True)
    if browser:
        listening.listen()  # so that the browser waits, rather than being refused, while the server starts
        webbrowser.open(link)
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        serve(create_viewer(source, token, (HOST, "localhost")), listening)


def _source(paths: list[Path]) -> StudySource:
    """Open the images to show.

    Args:
        paths: One experiment folder, or image files.

    Returns:
        The images to show.

    Raises:
        InputError: A folder that is no experiment, or one beside other paths.
    """
    from lessgad.errors import InputError

    folders = [path for path in paths if path.is_dir()]
    if not folders:
        from lessgad.viewer.file_source import FileSource

        return FileSource(paths)
    if len(paths) > 1:
        raise InputError(
            f"An experiment folder and {len(paths) - 1} other path(s) were given",
            path=folders[0],
            remedy="Give one experiment folder, or image files alone",
        )
    if not (folders[0] / "experiment.yaml").is_file():
        raise InputError(
            "The folder holds no experiment.yaml", path=folders[0], remedy="Give an experiment folder, or NIfTI files"
        )
    from lessgad.experiment_view.experiment_source import ExperimentSource

    return ExperimentSource(folders[0])


def _check_packages() -> None:
    """Raise InputError if the packages of the viewer are not installed."""
    from importlib.util import find_spec

    from lessgad.errors import InputError

    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            f"The viewer needs the package {missing[0]}, which is not installed",
            remedy="In the checkout of lessgad, run: pip install '.[reader]'",
        )
