# SPDX-License-Identifier: Apache-2.0
"""Options that select masks, regions and images of a cohort."""

from __future__ import annotations

from typing import Annotated

import typer

Derivative = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Take masks from derivatives/NAME; needed if several derivatives hold masks."),
]
RegionLabels = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=1,2", help="Labels that make up a region of the tumor. Repeat for more regions."),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ENTITY=VALUE",
        help="Select one of several images of one kind, e.g. acq=mprage or run=1. Repeat for more entities.",
    ),
]
