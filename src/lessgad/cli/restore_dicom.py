# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore` for a folder of DICOM files: the result becomes derived series of the study."""

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
    """Restore the low dose of the study in a folder, and print the folders of the new series.

    Args:
        folder: The DICOM study.
        out: Folder for the derived series; new or empty.
        model: The model folder.
        dose: Dose of the scan, 0–1; None takes that of the header.
        series: Roles of series by SeriesNumber, such as ``low_dose=5``.
        burn_in: Whether NOT FOR DIAGNOSIS is written into the pixels.
        noise_floor: Whether scans whose air is not near zero are used, as sums over many coils are.

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
        remedy = "Name series of the study with --series if needed; all maps are written"
        raise SettingsError(f"--{given[0]} is for NIfTI files; this is a DICOM study", remedy=remedy)


def named_series(series: list[str]) -> dict[int, Role]:
    """Read ``low_dose=5``, ``pre_contrast=3`` and ``t2=7``.

    Args:
        series: The options, each ``ROLE=NUMBER``.

    Returns:
        The role of each named SeriesNumber.

    Raises:
        SettingsError: A role that is not one of these, or no number.
    """
    from lessgad.errors import SettingsError

    roles: dict[str, Role] = {"low_dose": "low_dose", "pre_contrast": "pre_contrast", "t2": "t2"}
    named: dict[int, Role] = {}
    for words in series:
        role, _, number = words.partition("=")
        if role not in roles or not number.isdigit():
            raise SettingsError(
                f"--series {words} is not understood",
                remedy="Write low_dose=NUMBER, pre_contrast=NUMBER or t2=NUMBER, where NUMBER is SeriesNumber",
            )
        named[int(number)] = roles[role]
    return named
