# SPDX-License-Identifier: Apache-2.0
"""`lessgad node`: a DICOM node behind the scanner."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file of the node; see docs/dicom_node.md.")]


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        name="node",
        help="Receive studies by C-STORE, restore their low-dose scan, and send the result by C-STORE.",
        epilog="Example: lessgad node run node.yaml",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    for name, command in (("run", run), ("status", status), ("retry", retry)):
        group.command(name, epilog=f"Example: lessgad node {name} node.yaml")(command)
    app.add_typer(group)


def run(config: Config) -> None:
    """Run the node until Ctrl-C or SIGTERM. If it is killed, the next start continues its work."""
    from importlib.util import find_spec

    from lessgad.errors import InputError

    if find_spec("pynetdicom") is None:
        raise InputError(
            "The node needs the package pynetdicom, which is not installed",
            remedy="In the checkout of lessgad, run: pip install '.[dicom]'",
        )
    from lessgad.dicom.node import run_node
    from lessgad.dicom.node_settings import read_node_settings

    run_node(read_node_settings(config))


def status(config: Config) -> int:
    """Show the number of studies in each state, and why studies failed (exit code 1 if any failed)."""
    from lessgad.dicom.node_queue import NodeQueue
    from lessgad.dicom.node_settings import read_node_settings

    queue = NodeQueue(read_node_settings(config).queue)
    for name, count in queue.counts().items():
        typer.echo(f"{name}: {count}")
    failed = queue.failed()
    for study, reason in failed.items():
        typer.echo(f"failed: {study}: {reason}", err=True)
    return 1 if failed else 0


def retry(
    config: Config,
    study: Annotated[
        str | None, typer.Argument(metavar="ID", help="The study to queue; all failed studies if not given.")
    ] = None,
) -> None:
    """Queue failed studies again; a running node picks them up."""
    from lessgad.dicom.node_queue import NodeQueue
    from lessgad.dicom.node_settings import read_node_settings
    from lessgad.errors import InputError

    queue = NodeQueue(read_node_settings(config).queue)
    failed = queue.failed()
    if study is not None and study not in failed:
        raise InputError(
            f"{study} is not the ID of a study that failed", remedy="See the IDs with: lessgad node status CONFIG"
        )
    for one in [study] if study is not None else failed:
        queue.retry(one)
        typer.echo(one)
