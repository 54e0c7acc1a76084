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
        Path | None, typer.Option(metavar="TSV", help="A split to use: columns participant_id and subset.")
    ] = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="T1 and T1ce are aligned already (checked).")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A short training and four doses, to see the whole path.")
    ] = False,
    pretrained: Annotated[
        bool,
        typer.Option(
            "--pretrained",
            help="Train nothing: use the model that ships with lessgad; all patients are test patients.",
        ),
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="The published method: its network, training and simulation. Needs a GPU.")
    ] = False,
) -> None:
    """Make an experiment: a folder with a commented experiment.yaml that is valid as it is."""
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
    stage: Annotated[Stage | None, typer.Option(metavar="STAGE", help="Run this stage alone.")] = None,
    dose: Annotated[
        list[float] | None,
        typer.Option(help="With --stage train: the models of these doses alone, e.g. 0.1; repeat for more."),
    ] = None,
    shard: Annotated[
        str, typer.Option(metavar="3/50", help="With --stage: the third of 50 shares of the studies, for job arrays.")
    ] = "1/1",
    participant_label: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL …", help="With --stage: the studies of these patients alone."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM",
            help="Do studies in jobs of this batch system: slurm. Their size is in experiment.yaml under cluster.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="FILE_OR_ADDRESS",
            help="Do studies in the workers of a Dask scheduler that is running: its address, or its scheduler file.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be done, and why; do nothing.")] = False,
) -> int:
    """Run an experiment: prepare, train, restore, segment, evaluate, report. Goes on where it stopped.

    A study that cannot be used is named and skipped, and tried again at the next run (exit code 1). Several runs can
    be at one experiment at once: what another one is at is skipped.
    """
    from lessgad.cli.console import ProgressBars
    from lessgad.engine.shard import Shard
    from lessgad.errors import SettingsError
    from lessgad.experiment.folder import ExperimentFolder
    from lessgad.pipeline.elsewhere import Elsewhere
    from lessgad.pipeline.run import run_experiment
    from lessgad.pipeline.selection import Selection

    if until is not None and stage is not None:
        raise SettingsError("--until or --stage", "both")
    if dose and stage != "train":
        raise SettingsError("--dose together with --stage train", "--dose alone")
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
    all_units: Annotated[bool, typer.Option("--all", help="Every study and model, not only what is not done.")] = False,
    why: Annotated[bool, typer.Option("--why", help="The reason of each that is not done.")] = False,
) -> int:
    """Show what is done, stale, failed, still to do, waiting for something else or at work, per stage and study.

    Exit code 1 where studies failed.
    """
    from rich.console import Console
    from rich.table import Column, Table

    from lessgad.engine.standing import STATES
    from lessgad.pipeline.cautions import experiment_cautions, interval_caution
    from lessgad.pipeline.status import experiment_status

    stages, failures = experiment_status(experiment, with_why=why)
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
    for caution in experiment_cautions(experiment):
        typer.echo(f"caution: {caution.study}: {caution.words}")
    if (words := interval_caution(experiment)) is not None:
        typer.echo(f"caution: {words}")
    _say_failures(failures)
    return 1 if failures else 0


def _say_what_would_be_done(
    experiment: Path, stages: Sequence[Stage], selection: Selection, doses: Sequence[float]
) -> None:
    """List the units that a run would do, and why."""
    from lessgad.pipeline.status import what_would_be_done

    found = what_would_be_done(experiment, stages, selection, doses)
    _say_why(found)
    n_units = sum(len(entry.states) for entry in found)
    typer.echo(f"{n_units} to do" if n_units else "nothing to do")


def _say_why(stages: Sequence[StageStatus]) -> None:
    """List what is not done, those of one reason in one line."""
    for entry in stages:
        for state, reason, names in entry.groups():
            many = f"{len(names)}: " if len(names) > 1 else ""
            shown = ", ".join(names if len(names) <= MOST_NAMES else [*names[: MOST_NAMES - 1], f"… {names[-1]}"])
            typer.echo(f"{entry.stage} {state}: {many}{shown}: {reason}")


def _say_failures(failures: Sequence[Failure]) -> None:
    """List studies with their reasons on stderr, one line each."""
    if failures:
        typer.echo("could not be used, and will be tried again:", err=True)
    for failure in failures:
        typer.echo(f"  {failure.study} ({failure.stage}): {failure.reason}", err=True)
