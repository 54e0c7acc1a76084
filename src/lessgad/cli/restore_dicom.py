# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore` on a folder of DICOM files: the result is filed beside the original."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lessgad.dicom.import_rules import Role


def restore_dicom(
    folder: Path,
    out: Path,
    model: Path,
    dose: float | None,
    series: list[str],
    *,
    burn_in: bool,
    noise_floor: bool,
) -> None:
    """Restore the low dose of the study in a folder, and say where the series are.

    Raises:
        LessgadError: The study or the model is not of use.
    """
    from lessgad.dicom.import_rules import read_rules
    from lessgad.dicom.restore_study import find_scans, restore_study
    from lessgad.restoration.restorer import Restorer

    scans = find_scans(folder, read_rules(), dose, named_series(series))
    restorer = Restorer.load(model)
    folders, cautions = restore_study(
        scans, out, restorer, burn_in=burn_in, noise_floor="keep" if noise_floor else None
    )
    for words in cautions:
        typer.echo(f"caution: {words}", err=True)
    for path in folders:
        typer.echo(path)


def check_options(**options: object) -> None:
    """Raise SettingsError for an option that belongs to NIfTI files."""
    from lessgad.errors import SettingsError

    given = [name.replace("_", "-") for name, value in options.items() if value is not None]
    if given:
        remedy = "The series of a DICOM study are found, or named with --series; all maps are written"
        raise SettingsError("options for a DICOM study", f"--{given[0]}, which is for NIfTI files", None, remedy)


def named_series(series: list[str]) -> dict[int, Role]:
    """Read ``low_dose=5``, ``pre_contrast=3`` and ``t2=7``.

    Raises:
        SettingsError: A role that is not one of these, or no number.
    """
    from lessgad.errors import SettingsError

    roles: dict[str, Role] = {"low_dose": "low_dose", "pre_contrast": "pre_contrast", "t2": "t2"}
    named: dict[int, Role] = {}
    for words in series:
        role, _, number = words.partition("=")
        if role not in roles or not number.isdigit():
            wanted = "--series low_dose=NUMBER, pre_contrast=NUMBER or t2=NUMBER"
            raise SettingsError(wanted, words, None, "The number is SeriesNumber")
        named[int(number)] = roles[role]
    return named
