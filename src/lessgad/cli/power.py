# SPDX-License-Identifier: Apache-2.0
"""`lessgad power`: the number of patients that a dose answer needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MOST, STEP = 200, 2


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("power", epilog="Example: lessgad power pilot --dose 0.3")(power)


def power(
    experiment: Annotated[
        Path, typer.Argument(metavar="EXPERIMENT", help="The pilot: an experiment that has been evaluated.")
    ],
    dose: Annotated[
        list[float] | None,
        typer.Option(
            "--dose", metavar="DOSE", help="A dose to plan for, e.g. 0.3; repeat for more. Default: every dose."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=10, max=2000, help="Largest number of test patients to consider.")] = MOST,
) -> None:
    """Estimate how many test patients a dose answer needs, from the results of a pilot.

    The command uses the endpoints and margins of the pilot and writes results/power.csv and results/power.png. It names
    and leaves out endpoints that even a second scan at the standard dose does not meet.
    """
    from lessgad.atomic_write import replacing
    from lessgad.errors import SettingsError
    from lessgad.evaluation.results.power import write_power
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment_report.pilot import ALL, pilot_power, read_pilot
    from lessgad.experiment_report.power_words import power_words
    from lessgad.report.power_figure import power_figure
    from lessgad.report.style import to_png

    opened = open_experiment(experiment, only_look=True)
    pilot = read_pilot(opened)
    unknown = [one for one in dose or () if one not in pilot.doses]
    if unknown:
        there = ", ".join(f"{one:g}" for one in pilot.doses)
        raise SettingsError(f"{unknown[0]:g} is not a dose of the pilot ({there})")
    doses = sorted(dose or pilot.doses, reverse=True)
    numbers = list(range(pilot.settings.min_patients, most + 1, STEP))
    rows = pilot_power(pilot, doses, numbers, opened.settings.evaluation.seed)
    write_power(opened.folder.table("power"), rows)
    figure = opened.folder.results / "power.png"
    with replacing(figure) as temporary:
        temporary.write_bytes(to_png(power_figure(rows, ALL)))
    for line in power_words(pilot, rows):
        typer.echo(line)
    typer.echo(opened.folder.table("power"))
    typer.echo(figure)
