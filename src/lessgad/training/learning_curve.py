# SPDX-License-Identifier: Apache-2.0
"""The learning curve, as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lessgad.atomic_write import replacing

CURVE_FILE = "learning_curve.csv"


@dataclass(frozen=True)
class CurvePoint:
    """One validation.

    Attributes:
        n_samples: Patches seen before it.
        training_loss: Mean loss since the validation before.
        validation_psnr_db: Mean PSNR of the restored tumor box over validation studies and doses.
        validation_gain_db: That PSNR minus the PSNR of the unrestored image.
    """

    n_samples: int
    training_loss: float
    validation_psnr_db: float
    validation_gain_db: float


def write_learning_curve(path: Path, points: Iterable[CurvePoint]) -> None:
    """Write the curve as CSV, one row per validation.

    Args:
        path: The file to write.
        points: Points of the curve.
    """
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(CurvePoint)], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(point) for point in points)


def read_learning_curve(path: Path) -> list[CurvePoint]:
    """Read what `write_learning_curve` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            CurvePoint(int(row["n_samples"]), *(float(row[field.name]) for field in fields(CurvePoint)[1:]))
            for row in csv.DictReader(file)
        ]
