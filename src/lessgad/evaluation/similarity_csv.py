# SPDX-License-Identifier: Apache-2.0
"""results/similarity.csv: one row per study, dose, method and area; other programs read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import get_args

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import check_dose
from lessgad.errors import DoseError, InputError
from lessgad.evaluation.similarity import Area

UNRESTORED = "unrestored"
SUBTRACT_AND_SCALE = "subtract_and_scale"
RESTORED = "restored"
_METHODS_FIRST = (UNRESTORED, SUBTRACT_AND_SCALE, "denoise", "denoise_and_scale", RESTORED)
_AREAS: tuple[Area, ...] = get_args(Area)
_REMEDY = "Remove the file and run the evaluation again"


@dataclass(frozen=True)
class SimilarityRow:
    """How like the standard-dose image one image of a study is, over one area.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: Which part of the split the patient is in.
        dose: Fraction of the standard dose.
        method: ``unrestored``, ``subtract_and_scale``, ``restored`` … or an external name.
        area: ``tumor_box``, ``tumor`` or ``head``.
        psnr_db: PSNR in dB, possibly infinite.
        ssim: Mean SSIM.
    """

    patient: str
    session: str
    subset: str
    dose: float
    method: str
    area: Area
    psnr_db: float
    ssim: float


COLUMNS = tuple(field.name for field in fields(SimilarityRow))


def method_order(method: str) -> tuple[int, str]:
    """Sort key: the known methods from unrestored to restored, then external ones by name."""
    known = method in _METHODS_FIRST
    return (_METHODS_FIRST.index(method) if known else len(_METHODS_FIRST), method)


def write_similarity(path: Path, rows: Iterable[SimilarityRow]) -> None:
    """Write the table, whole or not at all, in an order that does not depend on that of `rows`.

    Numbers keep every digit; infinite and undefined ones are ``inf`` and ``nan``.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=_row_order):
        writer.writerow([repr(float(value)) if isinstance(value, float) else value for value in astuple(row)])
    write_text(path, buffer.getvalue())


def read_similarity(path: Path) -> list[SimilarityRow]:
    """Read what `write_similarity` wrote.

    Raises:
        InputError: Missing, not this table, or a line of it cannot be understood or comes twice.
    """
    lines = _lines(path)
    header = next(lines, (0, []))[1]
    if tuple(header) != COLUMNS:
        raise InputError(f"the columns {','.join(COLUMNS)}", ",".join(header) or "none", path, _REMEDY)
    rows: dict[tuple[str, str, float, str, str], SimilarityRow] = {}
    for number, line in lines:
        row = _row(line, f"{path}:{number}")
        key = (row.patient, row.session, row.dose, row.method, row.area)
        if key in rows:
            raise InputError("each measurement once", f"a second line for {key}", f"{path}:{number}", _REMEDY)
        rows[key] = row
    return list(rows.values())


def _row_order(row: SimilarityRow) -> tuple[str, str, float, tuple[int, str], int]:
    return row.patient, row.session, row.dose, method_order(row.method), _AREAS.index(row.area)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        return iter([(reader.line_num, line) for line in reader if line])
    except FileNotFoundError as error:
        raise InputError("a table of similarities", "no such file", path, "Run the evaluation first") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("a table of similarities", f"something else ({error})", path, _REMEDY) from error


def _row(line: list[str], where: str) -> SimilarityRow:
    if len(line) != len(COLUMNS):
        raise InputError(f"{len(COLUMNS)} values", f"{len(line)}", where, _REMEDY)
    value = dict(zip(COLUMNS, line, strict=True))
    area = next((area for area in _AREAS if area == value["area"]), None)
    if area is None:
        raise InputError(f"an area ({', '.join(_AREAS)})", repr(value["area"]), where, _REMEDY)
    for column in ("patient", "subset", "method"):
        if not value[column]:
            raise InputError(f"a {column}", "none", where, _REMEDY)
    return SimilarityRow(
        patient=value["patient"],
        session=value["session"],
        subset=value["subset"],
        dose=_dose(value["dose"], where),
        method=value["method"],
        area=area,
        psnr_db=_number(value["psnr_db"], "psnr_db", where),
        ssim=_number(value["ssim"], "ssim", where),
    )


def _dose(text: str, where: str) -> float:
    dose = _number(text, "dose", where)
    try:
        return check_dose(dose)
    except DoseError as error:
        raise InputError(error.wanted, error.came, where, error.remedy) from error


def _number(text: str, column: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"a number as {column}", repr(text), where, _REMEDY) from error
