# SPDX-License-Identifier: Apache-2.0
"""`lessgad convert`: the CoNeS authors' checkpoint as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert", epilog="Example: lessgad convert cones_10.pth cones-dose10 --dose 0.1")(convert)


def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A PyTorch file of a CoNeS generator.")],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The model folder to write; new.")],
    dose: Annotated[float, typer.Option(help="The fraction of the standard dose that it restores, e.g. 0.1.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="Its input images in order; repeat for more. If not given: low_dose."),
    ] = None,
) -> None:
    """Write a checkpoint in the format of the CoNeS authors as a model that `lessgad restore` takes."""
    from lessgad.field.convert import convert_checkpoint

    convert_checkpoint(checkpoint, model, dose, inputs or ["low_dose"])
    typer.echo(model)
