# SPDX-License-Identifier: Apache-2.0
"""`lessgad describe`: the tables that describe a cohort in a paper."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lessgad.cli.cohort_options import Derivative, RegionLabels, Select


class TableFormat(StrEnum):
    """Format of the printed tables."""

    text = "text"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"
    html = "html"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("describe", epilog="Example: lessgad describe cohort --out tables")(describe)


def describe(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="The BIDS folder; it is never changed.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write both tables in every format, and Figure 1 as SVG, to this folder."),
    ] = None,
    format_: Annotated[TableFormat, typer.Option("--format", help="Format of the printed tables.")] = TableFormat.text,
    derivative: Derivative = None,
    region: RegionLabels = None,
    select: Select = None,
) -> int:
    """Print Table 1 (patients, age, sex, size classes) and Table 2 (scan parameters) of a cohort.

    Age and sex come from participants.tsv, scan parameters from the sidecars, sizes from the masks. Missing values are
    counted, never guessed. Exit code 1 if a mask could not be read.
    """
    from lessgad.cli.console import ProgressBars
    from lessgad.cohort.bids import label_names, read_cohort
    from lessgad.description.cohort_description import describe as describe_cohort
    from lessgad.description.description_files import check_outside, write_description
    from lessgad.description.table import rendered
    from lessgad.experiment.image_selection import image_selection
    from lessgad.experiment.tumor_regions import tumor_regions

    found = read_cohort(cohort, derivative, image_selection(select or []))
    if out is not None:
        check_outside(out, found)
    regions = tumor_regions(region or [], label_names(cohort, derivative))
    bars = ProgressBars()
    bars.begin("describe", float(len(found.studies)))
    try:
        description = describe_cohort(
            found, regions, lambda n, total: bars.advance(float(n), f"{n} of {total} studies")
        )
    finally:
        bars.end()
    written = write_description(out, description) if out is not None else []
    for number, table in enumerate((description.table1, description.table2)):
        typer.echo(("\n" if number else "") + rendered(table, format_.value), nl=False)
    for exclusion in description.excluded:
        studies = ", ".join(exclusion.studies[:4]) + (" …" if len(exclusion.studies) > 4 else "")
        typer.echo(f"left out: {len(exclusion.studies)}: {exclusion.reason} ({studies})", err=True)
    for study, reason in description.unread_masks:
        typer.echo(f"mask not measured: {study}: {reason}", err=True)
    if description.n_masks and not regions:
        words = "no label of the masks counts as tumor. Name the labels with --region, such as --region enhancing=4"
        typer.echo(f"tumor sizes not measured: {words}", err=True)
    for path in written:
        typer.echo(path, err=True)
    return 1 if description.unread_masks else 0
