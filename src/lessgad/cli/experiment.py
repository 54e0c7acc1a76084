# SPDX-License-Identifier: Apache-2.0
"""`lessgad init`, `lessgad run`, `lessgad status`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lessgad.cli.cohort_options import Derivative, RegionLabels, Select
from lessgad.experiment.stage_names import STAGES, Stage

if TYPE_CHECKING:
    from lessgad.pipeline.failures import Failure
    from lessgad.pipeline.selection import Selection
    from lessgad.pipeline.status import StageStatus

MOST_NAMES = 4  # of units in a line
Experiment = Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="The experiment folder.")]


def add_to(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("init", epilog="Example: lessgad init glioma --cohort ~/cohorts/glioma --region enhancing=4")(init)
    app.command("run", epilog="Example: lessgad run glioma --until train")(run)
    app.command("status", epilog="Example: lessgad status glioma")(status)


def init(
    experiment: Experiment,
    cohort: Annotated[Path, typer.Option("--cohort", metavar="BIDS", help="The BIDS folder with the pairs.")],
    derivative: Derivative = None,
    region: RegionLabels = None,
    select: Select = None,
    split: Annotated[
        Path | None,
        typer.Option(metavar="TSV", help="Use this split: a table with the columns participant_id and subset."),
    ] = None,
    aligned: Annotated[
        bool,
        typer.Option("--aligned", help="T1 and T1ce are already aligned; lessgad checks it and does not register."),
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train briefly and restore three doses only, to see the whole workflow.")
    ] = False,
    pretrained: Annotated[
        bool,
        typer.Option(
            "--pretrained",
            help="Use the model that ships with lessgad without training; all patients are test patients.",
        ),
    ] = False,
    paper: Annotated[
        bool,
        typer.Option("--paper", help="Use the network, training and simulation of the published method. Needs a GPU."),
    ] = False,
) -> None:
    """Create an experiment: a folder with a commented experiment.yaml that is ready to run."""
    from lessgad.experiment.init import init_experiment

    summary = init_experiment(
        experiment,
        cohort,
        derivative,
        region or [],
        split,
        aligned=aligned,
        quick=quick,
        paper=paper,
        pretrained=pretrained,
        select_options=select or [],
    )
    typer.echo(summary)


def run(
    experiment: Experiment,
    until: Annotated[Stage | None, typer.Option(metavar="STAGE", help="Run up to this stage.")] = None,
    stage: Annotated[Stage | None, typer.Option(metavar="STAGE", help="Run this stage only.")] = None,
    dose: Annotated[
        list[float] | None,
        typer.Option(help="With --stage train: train only the models of these doses, e.g. 0.1; repeat for more."),
    ] = None,
    shard: Annotated[
        str,
        typer.Option(
            metavar="3/50", help="With --stage: process the third of 50 equal shares of the studies, for job arrays."
        ),
    ] = "1/1",
    participant_label: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL …", help="With --stage: process only the studies of these patients."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM",
            help="Process studies in jobs of this batch system: slurm. Job size: see cluster in experiment.yaml.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="FILE_OR_ADDRESS",
            help="Process studies on the workers of a Dask scheduler, given by address or scheduler file.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the pending units and the reasons; do nothing.")
    ] = False,
) -> int:
    """Run an experiment: prepare, train, restore, segment, evaluate, report. A stopped run can be continued.

    A study that cannot be used is named, skipped, and tried again in the next run (exit code 1). Several runs can work
    on one experiment at the same time: each skips the units that another run is processing.
    """
    from lessgad.cli.console import ProgressBars
    from lessgad.engine.shard import Shard
    from lessgad.errors import SettingsError
    from lessgad.experiment.folder import ExperimentFolder
    from lessgad.pipeline.elsewhere import Elsewhere
    from lessgad.pipeline.run import run_experiment
    from lessgad.pipeline.selection import Selection

    if until is not None and stage is not None:
        raise SettingsError("--until and --stage were both given", remedy="Give one of them")
    if dose and stage != "train":
        raise SettingsError("--dose was given without --stage train", remedy="Add --stage train, or leave --dose out")
    stages = [s for s in STAGES if s == stage] if stage else STAGES[: STAGES.index(until) + 1] if until else STAGES
    selection = Selection(Shard.parse(shard), tuple(participant_label or ()))
    selection.check(stages)
    if dry_run:
        _say_what_would_be_done(experiment, stages, selection, dose or ())
        return 0
    failures = run_experiment(
        experiment,
        stages,
        ProgressBars(),
        model_doses=dose or (),
        selection=selection,
        elsewhere=Elsewhere(cluster, scheduler),
    )
    _say_failures(failures)
    if "report" in stages:
        typer.echo(ExperimentFolder(experiment).report)
    return 1 if failures else 0


def status(
    experiment: Experiment,
    all_units: Annotated[
        bool, typer.Option("--all", help="List every study and model, not only the stale ones.")
    ] = False,
    why: Annotated[bool, typer.Option("--why", help="Give the reason for each unit that is not done.")] = False,
) -> int:
    """Show for each stage which units are done, stale, failed, pending, waiting or running.

    Exit code 1 if studies failed.
    """
    from rich.console import Console
    from rich.table import Column, Table

    from lessgad.engine.standing import STATES
    from lessgad.pipeline.status import status_and_cautions

    stages, failures, cautions = status_and_cautions(experiment, with_why=why)
    table = Table("stage", *(Column(state, justify="right") for state in STATES), box=None, pad_edge=False)
    for entry in stages:
        table.add_row(entry.stage, *(str(entry.count(state) or "·") for state in STATES))
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    if why:
        _say_why(stages)
    shown = {"stale"} if not why else set()
    shown |= set(STATES) - {"failed"} if all_units else set()
    for entry in stages:
        for name, state in entry.states.items():
            if state in shown:
                typer.echo(f"{state}: {entry.stage} of {name}")
    for words in cautions:
        typer.echo(f"caution: {words}")
    _say_failures(failures)
    return 1 if failures else 0


def _say_what_would_be_done(
    experiment: Path, stages: Sequence[Stage], selection: Selection, doses: Sequence[float]
) -> None:
    """List the pending units and the reasons."""
    from lessgad.pipeline.status import what_would_be_done

    found = what_would_be_done(experiment, stages, selection, doses)
    _say_why(found)
    n_units = sum(len(entry.states) for entry in found)
    typer.echo(f"{n_units} to do" if n_units else "nothing to do")


def _say_why(stages: Sequence[StageStatus]) -> None:
    """List the units that are not done, one line per reason."""
    for entry in stages:
        for state, reason, names in entry.groups():
            many = f"{len(names)}: " if len(names) > 1 else ""
            shown = ", ".join(names if len(names) <= MOST_NAMES else [*names[: MOST_NAMES - 1], f"… {names[-1]}"])
            typer.echo(f"{entry.stage} {state}: {many}{shown}: {reason}")


def _say_failures(failures: Sequence[Failure]) -> None:
    """List studies with their reasons on stderr, one line each."""
    if failures:
        typer.echo("These studies could not be used; the next run tries them again:", err=True)
    for failure in failures:
        typer.echo(f"  {failure.study} ({failure.stage}): {failure.reason}", err=True)
