# SPDX-License-Identifier: Apache-2.0
"""`lessgad init`, `lessgad run`, `lessgad status`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lessgad.workflow.stages import STAGES, Stage

if TYPE_CHECKING:
    from lessgad.workflow.run import Failure

Experiment = Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="The experiment folder.")]


def add_to(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("init", epilog="Example: lessgad init glioma --cohort ~/cohorts/glioma --region enhancing=4")(init)
    app.command("run", epilog="Example: lessgad run glioma --until train")(run)
    app.command("status", epilog="Example: lessgad status glioma")(status)


def init(
    experiment: Experiment,
    cohort: Annotated[Path, typer.Option("--cohort", metavar="BIDS", help="The BIDS folder with the pairs.")],
    derivative: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Take masks from derivatives/NAME; needed where several hold any."),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=1,2", help="Labels that make up a region of the tumor. Repeat for more regions."),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENTITY=VALUE",
            help="Which of several images of one kind is meant, e.g. acq=mprage or run=1. Repeat for more entities.",
        ),
    ] = None,
    split: Annotated[
        Path | None, typer.Option(metavar="TSV", help="A split to use: columns participant_id and subset.")
    ] = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="T1 and T1ce are aligned already (checked).")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A short training and four doses, to see the whole path.")
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="The published method: its network, training and simulation. Needs a GPU.")
    ] = False,
) -> None:
    """Make an experiment: a folder with a commented experiment.yaml that is valid as it is."""
    from lessgad.workflow.init import init_experiment

    summary = init_experiment(
        experiment,
        cohort,
        derivative,
        region or [],
        split,
        aligned=aligned,
        quick=quick,
        paper=paper,
        select_options=select or [],
    )
    typer.echo(summary)


def run(
    experiment: Experiment,
    until: Annotated[Stage | None, typer.Option(metavar="STAGE", help="Run up to this stage.")] = None,
    stage: Annotated[Stage | None, typer.Option(metavar="STAGE", help="Run this stage alone.")] = None,
    dose: Annotated[
        list[float] | None,
        typer.Option(help="With --stage train: the models of these doses alone, e.g. 0.1; repeat for more."),
    ] = None,
) -> int:
    """Run an experiment: prepare, train, restore, segment, evaluate, report. Goes on where it stopped.

    A study that cannot be used is named and skipped, and tried again at the next run (exit code 1).
    """
    from lessgad.cli.console import ProgressBars
    from lessgad.errors import SettingsError
    from lessgad.experiment.folder import ExperimentFolder
    from lessgad.workflow.run import run_experiment

    if until is not None and stage is not None:
        raise SettingsError("--until or --stage", "both")
    if dose and stage != "train":
        raise SettingsError("--dose together with --stage train", "--dose alone")
    stages = [s for s in STAGES if s == stage] if stage else STAGES[: STAGES.index(until) + 1] if until else STAGES
    failures = run_experiment(experiment, stages, ProgressBars(), model_doses=dose or ())
    _say_failures(failures)
    if "report" in stages:
        typer.echo(ExperimentFolder(experiment).report)
    return 1 if failures else 0


def status(
    experiment: Experiment,
    all_units: Annotated[bool, typer.Option("--all", help="Every study and model, not only what is not done.")] = False,
) -> int:
    """Show what is done, stale, failed or still to do, per stage and study; exit code 1 where studies failed."""
    from rich.console import Console
    from rich.table import Column, Table

    from lessgad.experiment.record import State
    from lessgad.workflow.status import experiment_cautions, experiment_status

    stages, failures = experiment_status(experiment)
    states: tuple[State, ...] = ("done", "stale", "failed", "to do")
    table = Table("stage", *(Column(state, justify="right") for state in states), box=None, pad_edge=False)
    for entry in stages:
        table.add_row(entry.stage, *(str(entry.count(state) or "·") for state in states))
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    shown = {"stale"} | ({"done", "to do"} if all_units else set())
    for entry in stages:
        for name, state in entry.states.items():
            if state in shown:
                typer.echo(f"{state}: {entry.stage} of {name}")
    for caution in experiment_cautions(experiment):
        typer.echo(f"caution: {caution.study}: {caution.words}")
    _say_failures(failures)
    return 1 if failures else 0


def _say_failures(failures: Sequence[Failure]) -> None:
    """List studies with their reasons on stderr, one line each."""
    if failures:
        typer.echo("could not be used, and will be tried again:", err=True)
    for failure in failures:
        typer.echo(f"  {failure.study} ({failure.stage}): {failure.reason}", err=True)
