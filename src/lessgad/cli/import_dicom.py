# SPDX-License-Identifier: Apache-2.0
"""`lessgad import-dicom`: import a PACS export as a cohort."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from lessgad.cli.console import ProgressBars
    from lessgad.dicom.export import Export
    from lessgad.dicom.import_cohort import Imported
    from lessgad.dicom.import_plan import DicomImportPlan

Result = TypeVar("Result")
SOME_STUDIES_FAILED = 1


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import-dicom", epilog="Example: lessgad import-dicom /media/export cohort --dry-run")(import_dicom)


def import_dicom(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A folder of DICOM files; layout and names do not matter.")
    ],
    cohort: Annotated[
        Path,
        typer.Argument(
            metavar="COHORT",
            help="The BIDS folder to write: a new or empty folder, or the cohort of an earlier import.",
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Write nothing; print the role of each series and the reason. The list shows identities."
        ),
    ] = False,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="YAML", help="A file that changes the rules and decides about single series; see docs/dicom.md."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="KEY",
            help="The file that links pseudonyms to patients, outside COHORT. Default: COHORT-key.json.",
        ),
    ] = None,
    without_faces: Annotated[
        bool,
        typer.Option(
            "--deface",
            help="Remove faces: everything in front of a plane behind the eyes. The cerebellopontine angles stay.",
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Number of images converted at the same time. Default: the number of cores."),
    ] = None,
) -> int:
    """Find T1 scans before and after contrast, low doses and T2 in a DICOM export; write them as BIDS, pseudonymized.

    Run it again to add new studies. Existing files are never overwritten.
    """
    from lessgad.cli.console import ProgressBars
    from lessgad.cohort.faces import WORDS
    from lessgad.dicom.export import read_export
    from lessgad.dicom.import_plan import plan_import
    from lessgad.dicom.import_rules import read_rules
    from lessgad.dicom.key_file import check_outside, default_key_path, holding_key, read_key

    key_path = key or default_key_path(cohort)
    check_outside(key_path, cohort)
    known_rules = read_rules(rules)
    bars = ProgressBars()
    export = _with_bar(bars, "read", "files", lambda progress: read_export(source, progress))
    if dry_run:
        plan = plan_import(export.series, known_rules, read_key(key_path))
        _print_table(plan, has_key=key_path.exists())
        _say_unreadable(export)
        return 0
    with holding_key(key_path):
        plan = plan_import(export.series, known_rules, read_key(key_path))
        _check_something(plan, source)
        done = _import(plan, cohort, key_path, bars, workers, without_faces=without_faces)
    _say_unreadable(export)
    failed = _say_outcome(plan, done)
    typer.echo(f"{cohort}: {WORDS[not without_faces]} The key is {key_path}: keep it apart from the cohort.")
    return SOME_STUDIES_FAILED if failed else 0


def _with_bar(
    bars: ProgressBars, stage: str, what: str, work: Callable[[Callable[[int, int], None]], Result]
) -> Result:
    """Run work that reports its progress, with a progress bar."""
    begun = False

    def progress(done: int, total: int) -> None:
        nonlocal begun
        if not begun:
            bars.begin(stage, float(total))
            begun = True
        bars.advance(float(done), f"{done} of {total} {what}")

    try:
        return work(progress)
    finally:
        if begun:
            bars.end()


def _import(
    plan: DicomImportPlan, cohort: Path, key: Path, bars: ProgressBars, workers: int | None, *, without_faces: bool
) -> list[Imported]:
    import os

    from lessgad.dicom.import_cohort import import_cohort

    n_workers = workers or os.cpu_count() or 1

    def convert(progress: Callable[[int, int], None]) -> list[Imported]:
        return import_cohort(plan, cohort, key, progress, n_workers, without_faces=without_faces)

    return _with_bar(bars, "convert", "images", convert)


def _print_table(plan: DicomImportPlan, *, has_key: bool) -> None:
    """Print the role of each series, tab-separated; only this list shows series descriptions."""
    typer.echo("\t".join(("study", "series", "description", "taken for", "why")))
    for number, study in enumerate(plan.studies, start=1):
        name = study.name if has_key and study.subject else f"study {number}"
        for one in study.candidates:
            header = one.series.header
            role = one.suffix if one.role else "-"
            cells = (name, "?" if header.number is None else str(header.number), header.description, role, one.reason)
            typer.echo("\t".join(" ".join(cell.split()) for cell in cells))


def _check_something(plan: DicomImportPlan, source: Path) -> None:
    """Raise DicomError, with the series that were found, if nothing can be imported."""
    from collections import Counter

    from lessgad.errors import DicomError

    if any(study.imported for study in plan.studies):
        return
    counts = Counter(one.reason for study in plan.studies for one in study.candidates)
    found = "; ".join(f"{count} series: {reason}" for reason, count in counts.most_common(6)) or "none that can be read"
    raise DicomError(
        f"The export has no T1- or T2-weighted MR series that can be imported: {found}",
        path=source,
        remedy="See why with --dry-run, and decide about series with --rules",
    )


def _say_unreadable(export: Export) -> None:
    for error in export.unreadable:
        typer.echo(f"not read: {error}", err=True)


def _say_outcome(plan: DicomImportPlan, done: list[Imported]) -> bool:
    """Print the written files and the problems; return True if a study has no pair or an image failed."""
    failed = False
    for study in plan.studies:
        for one in study.candidates:
            if one.irregular:
                typer.echo(f"{study.name}: series {one.series.header.number} is left out: {one.reason}", err=True)
        if study.imported and not study.has_pair:
            failed = True
            typer.echo(
                f"{study.name}: the study has no pair of T1 and T1ce, only {study.found}; see --dry-run", err=True
            )
    for entry in done:
        if entry.problem:
            failed = True
            typer.echo(f"{entry.path}: not written: {entry.problem}", err=True)
        else:
            typer.echo(f"{entry.path}{' (was there)' if entry.was_there else ''}")
    return failed
