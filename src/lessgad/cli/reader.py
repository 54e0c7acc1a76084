# SPDX-License-Identifier: Apache-2.0
"""`lessgad reader`: create and run a reader study, and write its results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Experiment = Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="The experiment folder.")]
LOCAL = ("127.0.0.1", "localhost")
PACKAGES = ("argon2", "fastapi", "python_multipart", "sqlmodel", "uvicorn")


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        name="reader",
        help="Let radiologists read restored images in a browser.",
        epilog="Example: lessgad reader create glioma; lessgad reader add glioma kim; lessgad reader serve glioma",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    for name, example in (
        ("create", "create glioma --dose 0.1 --dose 0.3"),
        ("add", "add glioma kim"),
        ("serve", "serve glioma"),
        ("backup", "backup glioma answers.sqlite"),
        ("verify", "verify glioma"),
        ("results", "results glioma"),
    ):
        group.command(name, epilog=f"Example: lessgad reader {example}")(globals()[name])
    app.add_typer(group)


def check_packages() -> None:
    """Raise InputError if the packages of the reader study are not installed."""
    from importlib.util import find_spec

    from lessgad.errors import InputError

    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        problem = (
            f"The reader study needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        )
        raise InputError(problem, remedy="In the checkout of lessgad, run: pip install '.[reader]'")


def create(
    experiment: Experiment,
    dose: Annotated[
        list[float] | None,
        typer.Option(
            help="A dose whose restored images are read, e.g. 0.1; repeat for more. With 0 and a hidden standard dose, "
            "the answer counts what readers gain from contrast."
        ),
    ] = None,
    mode: Annotated[
        Literal["open", "blinded"],
        typer.Option(help="open: all images are labeled; blinded: restored images are named A, B … in random order."),
    ] = "open",
    hidden_standard: Annotated[
        bool,
        typer.Option(
            "--hidden-standard", help="With --mode blinded: show the standard dose among the lettered images too."
        ),
    ] = False,
    hidden_repeat: Annotated[
        bool,
        typer.Option(
            "--hidden-repeat", help="With --mode blinded: show a second scan at the standard dose among them instead."
        ),
    ] = False,
    studies_per_patient: Annotated[int, typer.Option(help="Largest number of studies of each test patient.")] = 2,
    max_cases: Annotated[int | None, typer.Option(help="Largest number of cases in total.")] = None,
    practice: Annotated[int, typer.Option(help="Number of practice cases, from validation patients.")] = 2,
    sittings: Annotated[int, typer.Option(help="Number of sittings over which the cases are distributed.")] = 1,
    repeats: Annotated[float, typer.Option(help="Fraction of the cases that each reader sees twice, e.g. 0.2.")] = 0.0,
    washout_days: Annotated[float, typer.Option(help="Smallest number of days between two sittings.")] = 14.0,
    questionnaire: Annotated[
        Path | None, typer.Option(metavar="YAML", help="A questionnaire to use instead of Table 3 of the paper.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 1,
) -> int:
    """Create a reader study: draw cases among the test patients and write their images for the browser.

    Studies without restored images are named and left out (exit code 1).
    """
    check_packages()
    from lessgad.pipeline.reader_study import create_reader_study
    from lessgad.reader_study.questionnaire import default_questionnaire, load_questionnaire
    from lessgad.reader_study.settings import reader_study_settings

    settings = reader_study_settings(
        mode=mode,
        doses=tuple(dose or (0.1, 0.3)),
        hidden_standard=hidden_standard,
        hidden_repeat=hidden_repeat,
        studies_per_patient=studies_per_patient,
        max_cases=max_cases,
        n_practice=practice,
        sittings=sittings,
        repeat_share=repeats,
        washout_days=washout_days,
        seed=seed,
    )
    questions = load_questionnaire(questionnaire) if questionnaire else default_questionnaire()
    made = create_reader_study(experiment, settings, questions, lambda line: typer.echo(line, err=True))
    n_practice = sum(case.practice for case in made.protocol.cases)
    typer.echo(f"{len(made.protocol.cases) - n_practice} cases, and {n_practice} for practice, in {made.folder.root}")
    typer.echo(f"Next: lessgad reader add {experiment} NAME; lessgad reader serve {experiment}")
    for line in made.left_out:
        typer.echo(f"left out: {line}", err=True)
    return 1 if made.left_out else 0


def add(
    experiment: Experiment,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The login name of the reader.")],
    coordinator: Annotated[
        bool,
        typer.Option(
            "--coordinator", help="Invite a coordinator, who sees the progress of the readers and reads no cases."
        ),
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address at which readers reach the server. Default: 127.0.0.1 with the port served last.",
        ),
    ] = None,
) -> None:
    """Invite a reader: print a link for choosing a password, which works once within 14 days.

    A reader who is invited again keeps all answers; the old password and all logins become invalid.
    """
    check_packages()
    import time

    from lessgad.reader_study.served_address import served_address
    from lessgad.reader_study.store.accounts import INVITATION_S
    from lessgad.reader_study.study import invite_to, opened
    from lessgad.reader_study.study_folder import StudyFolder

    reached = (address or served_address(StudyFolder.of(experiment))).rstrip("/")
    with opened(experiment) as study:
        code = invite_to(study, time.time(), name, "coordinator" if coordinator else "reader")
    typer.echo(f"{reached}/invitation/{code}")
    typer.echo(f"Give this link to {name} alone; it works once, for {INVITATION_S / 86400:.0f} days.", err=True)


def serve(
    experiment: Experiment,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8765,
    host_name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Host name under which a reverse proxy forwards requests; repeat for more."),
    ] = None,
) -> None:
    """Serve the reader study on 127.0.0.1 until Ctrl-C.

    For readers on other machines, put a reverse proxy with https in front of it: docs/reader_study.md.
    """
    check_packages()
    from lessgad.reader_study.served_address import address_of_port
    from lessgad.reader_study.study import opened
    from lessgad.reader_study.web.serve import serve_study

    with opened(experiment) as study:
        typer.echo(address_of_port(port))
        serve_study(study, port, (*LOCAL, *(host_name or ())), experiment.resolve().name)


def backup(
    experiment: Experiment,
    target: Annotated[Path, typer.Argument(metavar="COPY", help="The file to write.")],
) -> None:
    """Copy answers, accounts and audit log to one file, also while the server runs."""
    from lessgad.reader_study.backup import back_up
    from lessgad.reader_study.study_folder import StudyFolder

    back_up(StudyFolder.of(experiment), target)
    typer.echo(target)


def verify(experiment: Experiment) -> int:
    """Check that answers, audit log, triggers, protocol and images are unchanged (exit code 1 if not)."""
    check_packages()
    from lessgad.reader_study.study_folder import StudyFolder
    from lessgad.reader_study.verify import verify_study

    found = verify_study(StudyFolder.of(experiment))
    for problem in found.problems:
        typer.echo(f"problem: {problem}", err=True)
    typer.echo(f"{found.n_answer_sets} answer sets, {found.n_events} audit events")
    typer.echo(f"head of the audit log: {found.head or 'none'}")
    if not found.problems:
        typer.echo("nothing has changed")
    return 1 if found.problems else 0


def results(
    experiment: Experiment,
    signed_off: Annotated[
        bool, typer.Option("--signed-off", help="Leave out the readers who have not signed off.")
    ] = False,
) -> None:
    """Write the tables of the reader study to EXPERIMENT/results, after the readers have signed off."""
    check_packages()
    from lessgad.experiment.folder import ExperimentFolder
    from lessgad.reader_study.results import FILES, write_results
    from lessgad.reader_study.signed_off import signed_off_readings
    from lessgad.reader_study.study import opened

    with opened(experiment) as study:
        readings = signed_off_readings(study, leave_out_others=signed_off)
    folder = ExperimentFolder(experiment).results
    summary = write_results(folder, readings)
    readers = "1 reader" if summary.n_readers == 1 else f"{summary.n_readers} readers"
    typer.echo(f"{readers}, {summary.n_cases} cases of {summary.n_patients} patients")
    for name in FILES:
        typer.echo(folder / name)
    typer.echo(f"Next, for the section of the report: lessgad run {experiment} --stage report", err=True)
