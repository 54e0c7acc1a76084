# SPDX-License-Identifier: Apache-2.0
"""`lessgad phantom`: a generated cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("phantom", epilog="Example: lessgad phantom cohort --patients 24")(phantom)


def phantom(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="The BIDS folder to write; new or empty.")],
    patients: Annotated[
        int, typer.Option(min=1, max=999, help="Number of patients; about a third have two sessions.")
    ] = 24,
    sessions: Annotated[int, typer.Option(min=1, max=2, help="The most sessions that a patient has.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Random seed; the same seed gives the same files.")] = 1,
    low_dose: Annotated[
        list[float] | None,
        typer.Option(
            "--low-dose",
            metavar="DOSE",
            help="Dose of a true low-dose scan, e.g. 0.1; repeat for more. Default: 0.1, 0.2, 0.3 and 0.5.",
        ),
    ] = None,
    pairs_only: Annotated[
        bool, typer.Option("--pairs-only", help="Write T1 and T1ce only, without low-dose scans.")
    ] = False,
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Scan each session twice at the standard dose (run-2).")
    ] = False,
    dicom: Annotated[
        bool, typer.Option("--dicom", help="Write the scans as DICOM of three vendors too, in sourcedata/dicom.")
    ] = False,
    shading: Annotated[
        Literal["cosines", "surface-coils"],
        typer.Option(
            help="Shading by the coil: products of cosines, which the calibration fits too, or eight surface coils "
            "whose sensitivity falls as 1/r."
        ),
    ] = "cosines",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Number of patients generated at the same time. Default: the number of cores."),
    ] = None,
) -> None:
    """Write a synthetic vestibular schwannoma cohort, as BIDS: T1, T1ce, true low doses and masks.

    No person was scanned.
    """
    import os

    from lessgad.cli.console import ProgressBars
    from lessgad.errors import SettingsError
    from lessgad.phantom.cohort import write_cohort
    from lessgad.phantom.scanner import LOW_DOSES

    if pairs_only and low_dose:
        raise SettingsError("--pairs-only and --low-dose were both given", remedy="Give one of them")

    bars = ProgressBars()
    bars.begin("phantom", float(patients))
    try:
        write_cohort(
            cohort,
            patients,
            seed,
            on_progress=lambda done, _total: bars.advance(float(done), f"{done} of {patients} patients"),
            n_workers=workers or os.cpu_count() or 1,
            low_doses=() if pairs_only else low_dose or LOW_DOSES,
            dicom=dicom,
            n_repeats=int(repeat),
            most_sessions=sessions,
            shading=shading,
        )
    finally:
        bars.end()
    typer.echo(cohort)
