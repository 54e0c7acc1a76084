# SPDX-License-Identifier: Apache-2.0
"""`lessgad import-nifti`: import plain NIfTI files as a BIDS cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lessgad.cohort.import_plan import ImportPlan


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "import-nifti",
        epilog="Example: lessgad import-nifti scans COHORT --t1 '{patient}_{session}_t1.nii.gz' "
        "--t1ce '{patient}_{session}_t1gd.nii.gz' --mask 'masks/{patient}_{session}.nii.gz' --dry-run",
    )(import_nifti)


def import_nifti(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|TABLE",
            help="A folder, with patterns of its file names; or a table with the columns patient, session, t1, "
            "t1ce, mask and t2 (session, mask and t2 are optional). Paths in a table are relative to the table.",
        ),
    ],
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="The BIDS folder to write, or to add to.")],
    t1: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="File names of the T1 scans, with {patient} and {session} in place of the labels."
        ),
    ] = None,
    t1ce: Annotated[str | None, typer.Option(metavar="PATTERN", help="File names of the T1ce scans.")] = None,
    mask: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="File names of the masks, on the grid of the T1 or of the T1ce."),
    ] = None,
    t2: Annotated[str | None, typer.Option(metavar="PATTERN", help="File names of the T2 scans.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="1=NAME", help="What a label of the masks means. Repeat for more labels."),
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the files. Without this option the cohort links to them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which file would be imported under which name; write nothing.")
    ] = False,
) -> int:
    """Import plain NIfTI files as a BIDS cohort, by links or copies. The same command again adds new studies.

    JSON sidecars beside the images are imported too. Labels of patients and sessions must be pseudonyms: lessgad keeps
    their letters and digits and drops other characters, which BIDS does not allow. A study without a T1 or a T1ce is
    named and left out (exit code 1).
    """
    from lessgad.cohort.import_nifti import check_targets, write_import
    from lessgad.cohort.import_plan import Role, plan_from_patterns, plan_from_table
    from lessgad.errors import SettingsError

    given: dict[Role, str | None] = {"t1": t1, "t1ce": t1ce, "mask": mask, "t2": t2}
    patterns = {role: pattern for role, pattern in given.items() if pattern is not None}
    if source.is_file():
        if patterns:
            raise SettingsError(
                f"{source.name} is a table, and patterns were given too",
                remedy="Give a table alone, or a folder with patterns",
            )
        plan = plan_from_table(source)
    else:
        if t1 is None or t1ce is None:
            raise SettingsError(
                "A folder was given without the patterns of its file names", remedy="Give --t1 and --t1ce"
            )
        plan = plan_from_patterns(source, patterns, cohort)
    labels = _labels(label or [])
    _show(plan, cohort)
    if dry_run:
        check_targets(plan, cohort)
        typer.echo("nothing was written (--dry-run)", err=True)
    elif plan.studies:
        n_written, n_there = write_import(plan, cohort, labels, copy=copy)
        typer.echo(f"{n_written} files written, {n_there} were there", err=True)
        typer.echo(cohort)
    return 1 if plan.left_out else 0


def _show(plan: ImportPlan, cohort: Path) -> None:
    """Print source and target of each file, tab-separated, and the studies that are left out."""
    typer.echo("study\tfrom\tto")
    for study in plan.studies:
        for target, source in study.targets(cohort).items():
            typer.echo(f"{study.name}\t{source}\t{target.relative_to(cohort)}")
    for left_out in plan.left_out:
        typer.echo(f"left out: {left_out.name}: {left_out.reason}", err=True)
    if plan.unmatched:
        names = ", ".join(path.name for path in plan.unmatched[:5])
        more = f" and {len(plan.unmatched) - 5} more" if len(plan.unmatched) > 5 else ""
        typer.echo(f"{len(plan.unmatched)} NIfTI files match no pattern: {names}{more}", err=True)


def _labels(options: list[str]) -> dict[int, str]:
    from lessgad.errors import SettingsError

    labels: dict[int, str] = {}
    for option in options:
        value, separator, name = option.partition("=")
        if not (value.isdecimal() and int(value) > 0 and separator and name.strip()) or int(value) in labels:
            raise SettingsError(
                f"--label {option} is not understood, or its number is named twice",
                remedy="Write it as 1=intrameatal, each number once",
            )
        labels[int(value)] = name.strip()
    return labels
