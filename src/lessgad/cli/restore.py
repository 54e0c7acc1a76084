# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore`: one new scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "restore",
        epilog="Example: lessgad restore low.nii.gz restored.nii.gz --dose 0.1 --model glioma/models/all-doses",
    )(restore)


def restore(
    low_dose: Annotated[Path, typer.Argument(metavar="LOW", help="The low-dose scan, NIfTI.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the restored image goes, .nii or .nii.gz.")],
    dose: Annotated[float, typer.Option(help="Its fraction of the standard dose, e.g. 0.1.")],
    model: Annotated[Path, typer.Option(metavar="MODEL", help="A folder under EXPERIMENT/models.")],
    pre_contrast: Annotated[
        Path | None, typer.Option(metavar="T1", help="T1 of the same examination; needed by models trained with it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT where it exists.")] = False,
) -> None:
    """Restore the standard-dose image of one low-dose scan, on its own grid and in its own intensity units."""
    from lessgad.dose_fraction import check_dose
    from lessgad.errors import InputError
    from lessgad.restoration.restorer import Restorer
    from lessgad.volume import read_volume, write_volume

    check_dose(dose)
    if not out.name.endswith((".nii", ".nii.gz")):
        raise InputError("a result named .nii or .nii.gz", out.name)
    if out.exists() and not force:
        raise InputError("a result that does not exist yet", "a file", out, "Choose another name or give --force")
    restorer = Restorer.load(model)
    scan = read_volume(low_dose)
    t1 = read_volume(pre_contrast) if pre_contrast is not None else None
    write_volume(out, restorer.restore(scan, dose, t1))
    typer.echo(out)
