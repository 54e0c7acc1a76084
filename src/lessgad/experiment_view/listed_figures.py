# SPDX-License-Identifier: Apache-2.0
"""The figures of each study that the list of `lessgad view` is sorted by, from the tables in results/."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from lessgad.dose_fraction import dose_label
from lessgad.errors import InputError
from lessgad.viewer.shown_study import Figure

Values = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class _Column:
    """Source of a figure: table, column, and the words that its row must have."""

    table: str
    column: str
    rows: tuple[tuple[str, str], ...]


_RESTORED = ("method", "restored")
_FIGURES: dict[Figure, _Column] = {
    Figure("psnr", "PSNR of the tumor's box, dB", 1, "low"): _Column(
        "similarity", "psnr_db", (_RESTORED, ("area", "tumor_box"))
    ),
    Figure("ssim", "SSIM of the tumor's box", 3, "low"): _Column(
        "similarity", "ssim", (_RESTORED, ("area", "tumor_box"))
    ),
    Figure("head_psnr", "PSNR of the head, dB", 1, "low"): _Column(
        "similarity", "psnr_db", (_RESTORED, ("area", "head"))
    ),
    Figure("recovery", "recovery of enhancement", 2, "low"): _Column("enhancement", "recovery", (_RESTORED,)),
    Figure("false", "false enhancement, ml", 2, "high"): _Column("enhancement", "false_ml", (_RESTORED,)),
    Figure("missed", "missed enhancement, ml", 2, "high"): _Column("enhancement", "missed_ml", (_RESTORED,)),
    Figure("dice", "Dice of the tumor", 2, "low"): _Column(
        "overlap", "dice", (("image", "restored"), ("region", "tumor"))
    ),
}


def listed_figures(results: Path) -> tuple[tuple[Figure, ...], Values]:
    """Read the figures of every study; tables and values that do not exist are left out.

    Args:
        results: The folder of the tables.

    Returns:
        The figures that any study has; values by name of the study, label of the dose, and figure.

    Raises:
        InputError: A table is damaged.
    """
    values: Values = {}
    there = []
    for figure, column in _FIGURES.items():
        found = _read(results / f"{column.table}.csv", column)
        if found:
            there.append(figure)
        for study, dose, value in found:
            values.setdefault(study, {}).setdefault(dose, {})[figure.key] = value
    return tuple(there), values


def _read(path: Path, column: _Column) -> list[tuple[str, str, float]]:
    if not path.is_file():
        return []
    found = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if any(row[name] != word for name, word in column.rows):
                    continue
                value = float(row[column.column] or "nan")
                name = f"sub-{row['patient']}" + (f"_ses-{row['session']}" if row["session"] else "")
                if math.isfinite(value):
                    found.append((name, dose_label(float(row["dose"])), value))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise InputError(
            f"The table of results is damaged ({error})", path=path, remedy="Run the stage report again"
        ) from error
    return found
