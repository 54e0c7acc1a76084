# SPDX-License-Identifier: Apache-2.0
"""`lessgad bids-app`: the arguments that programs for BIDS on clusters expect."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class AnalysisLevel(StrEnum):
    """The level of a BIDS App call."""

    participant = "participant"
    group = "group"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bids-app", epilog="Example: lessgad bids-app cohort out participant --participant-label 01 02")(
        bids_app
    )


def bids_app(
    bids_dir: Annotated[Path, typer.Argument(metavar="BIDS_DIR", help="The BIDS folder; it is never changed.")],
    output_dir: Annotated[
        Path, typer.Argument(metavar="OUT_DIR", help="The experiment folder; created if it does not exist.")
    ],
    analysis_level: Annotated[
        AnalysisLevel,
        typer.Argument(
            metavar="participant|group",
            help="participant: prepare the scans of each participant; group: all steps that need all participants.",
        ),
    ],
    participant_label: Annotated[
        list[str] | None,
        typer.Option(
            "--participant-label",
            "--participant_label",
            metavar="LABEL …",
            help="Participants to prepare, with or without sub-; all if not given.",
        ),
    ] = None,
    derivative: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take masks from derivatives/NAME. First run only.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=1,2", help="Labels that make up a region of the tumor. First run only."),
    ] = None,
    fine_tune: Annotated[
        bool,
        typer.Option("--fine-tune", help="Fine-tune the model on the cohort. First run only."),
    ] = False,
    skip_bids_validation: Annotated[
        bool,
        typer.Option(
            "--skip-bids-validation",
            "--skip_bids_validation",
            help="Accepted for compatibility: lessgad checks the files that it uses, and runs no validator.",
        ),
    ] = False,
) -> int:
    """Run lessgad as a BIDS App. OUT_DIR is an experiment: `lessgad status OUT_DIR` shows what is done.

    A study that cannot be used is named and skipped (exit code 1).
    """
    from lessgad.cli.console import ProgressBars
    from lessgad.pipeline.bids_app import run_bids_app

    del skip_bids_validation
    failures = run_bids_app(
        bids_dir,
        output_dir,
        analysis_level.value,
        ProgressBars(),
        participants=participant_label or (),
        derivative=derivative,
        regions=region or (),
        pretrained=not fine_tune,
    )
    for failure in failures:
        typer.echo(f"{failure.study} ({failure.stage}): {failure.reason}", err=True)
    if analysis_level is AnalysisLevel.group:
        typer.echo(output_dir / "report" / "index.html")
    return 1 if failures else 0
