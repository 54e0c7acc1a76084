# SPDX-License-Identifier: Apache-2.0
"""`lessgad convert`: convert a checkpoint of the CoNeS authors to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert", epilog="Example: lessgad convert cones_10.pth cones-dose10 --dose 0.1")(convert)


def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A PyTorch file of a CoNeS generator.")],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The model folder to write; it must not exist.")],
    dose: Annotated[
        float, typer.Option(help="The dose that the network restores, as a fraction of the standard dose, e.g. 0.1.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="An input image of the network, in order; repeat for more. Default: low_dose."),
    ] = None,
) -> None:
    """Convert a checkpoint in the format of the CoNeS authors to a model for `lessgad restore`."""
    from lessgad.field.convert import convert_checkpoint

    convert_checkpoint(checkpoint, model, dose, inputs or ["low_dose"])
    typer.echo(model)
