# SPDX-License-Identifier: Apache-2.0
"""The tables in results/: one dataclass per kind of row, written and read as plain CSV that other programs read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import check_dose
from lessgad.errors import DoseError, InputError
from lessgad.evaluation.results.rows import MethodRow

OfMethod = TypeVar("OfMethod", bound=MethodRow)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)
else:
    Row = TypeVar("Row")

Cell = str | int | float

UNRESTORED = "unrestored"
SUBTRACT_AND_SCALE = "subtract_and_scale"
GAUSSIAN = "gaussian_and_scale"
RESTORED = "restored"
#: A second scan at the standard dose, judged against the first; and the first against the second.
REPEAT, EXCHANGED = "repeat", "repeat_exchanged"
_METHODS_FIRST = (UNRESTORED, SUBTRACT_AND_SCALE, "denoise", "denoise_and_scale", GAUSSIAN, RESTORED, REPEAT, EXCHANGED)


def method_order(method: str) -> tuple[int, str]:
    """Give the sort key of a method: the known ones from unrestored to restored, then external ones by name.

    Args:
        method: Name of the method.

    Returns:
        Rank and name.
    """
    known = method in _METHODS_FIRST
    return (_METHODS_FIRST.index(method) if known else len(_METHODS_FIRST), method)


def without_exchanged(rows: Iterable[OfMethod]) -> list[OfMethod]:
    """Leave out the standard dose compared with its repeat, which is for endpoints alone."""
    return [row for row in rows if row.method != EXCHANGED]


class ResultTable(Generic[Row]):
    """A CSV file with one line per row of a dataclass.

    Columns are the fields of the dataclass, and read by their types: ``float`` (a fraction where it is called dose),
    ``float | None`` (empty where there is none), ``int``, ``str`` (not empty, unless said), or ``Literal`` (one of its
    values).

    Args:
        row: The dataclass.
        name: Name of the table in error messages: "a table of similarities".
        key: The columns that tell rows apart; lines are sorted by them, in this order.
        may_be_empty: Columns of words that may hold none.
        made_by: What the user runs to make it, for errors.
    """

    def __init__(
        self,
        row: type[Row],
        name: str,
        key: tuple[str, ...],
        may_be_empty: tuple[str, ...] = ("session",),
        made_by: str = "the evaluation",
    ) -> None:
        self._row = row
        self._name = name
        self._key = key
        self._may_be_empty = may_be_empty
        self._made_by = made_by
        self._remedy = f"Remove the file and run {made_by} again"
        self.columns = tuple(field.name for field in fields(row))

    def write(self, path: Path, rows: Iterable[Row]) -> None:
        """Write the table, whole or not at all, in an order that does not depend on that of `rows`.

        Numbers keep every digit; infinite and undefined ones are ``inf`` and ``nan``.

        Args:
            path: The file to write.
            rows: Rows to write.

        Raises:
            StorageError: The disk is full or the folder cannot be written.
        """
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.columns)
        types = self._types()
        for row in sorted(rows, key=lambda row: [_rank(getattr(row, name), name, types[name]) for name in self._key]):
            writer.writerow([repr(float(value)) if isinstance(value, float) else value for value in astuple(row)])
        write_text(path, buffer.getvalue())

    def read(self, path: Path) -> list[Row]:
        """Read what `write` wrote.

        Args:
            path: The file to read.

        Returns:
            The rows.

        Raises:
            InputError: The file is missing or not this table, or a line of it cannot be understood or comes twice.
        """
        lines = self._lines(path)
        header = next(lines, (0, []))[1]
        if tuple(header) != self.columns:
            raise InputError(
                f"The columns of the table are {','.join(header) or 'missing'}; they must be {','.join(self.columns)}",
                path=path,
                remedy=self._remedy,
            )
        columns = {
            name: _Column(name, kind, name in self._may_be_empty, self._remedy) for name, kind in self._types().items()
        }
        rows: dict[tuple[object, ...], Row] = {}
        for number, line in lines:
            where = f"{path}:{number}"
            if len(line) != len(self.columns):
                raise InputError(
                    f"The line has {len(line)} values; the table has {len(self.columns)} columns",
                    path=where,
                    remedy=self._remedy,
                )
            values: dict[str, Any] = {
                name: column.value(text, where) for (name, column), text in zip(columns.items(), line, strict=True)
            }
            key = tuple(values[name] for name in self._key)
            if key in rows:
                raise InputError(
                    f"A second line has the key {', '.join(map(str, key))}", path=where, remedy=self._remedy
                )
            rows[key] = self._row(**values)
        return list(rows.values())

    def _types(self) -> dict[str, object]:
        hints = get_type_hints(self._row)
        return {name: hints[name] for name in self.columns}

    def _lines(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        try:
            text = path.read_text(encoding="utf-8-sig")
            reader = csv.reader(io.StringIO(text, newline=""), strict=True)
            return iter([(reader.line_num, line) for line in reader if line])
        except FileNotFoundError as error:
            raise InputError(
                f"There is no such file; it should hold {self._name}", path=path, remedy=f"Run {self._made_by} first"
            ) from error
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                f"This file cannot be read as {self._name} ({error})", path=path, remedy=self._remedy
            ) from error


@dataclass(frozen=True)
class _Column:
    """Parser of one column."""

    name: str
    kind: object
    may_be_empty: bool
    remedy: str

    def value(self, text: str, where: str) -> Cell | None:
        if get_origin(self.kind) is Literal:
            if text not in get_args(self.kind):
                wanted = f"{_a(self.name)} ({', '.join(get_args(self.kind))})"
                raise InputError(f"{text!r} is not {wanted}", path=where, remedy=self.remedy)
            return text
        if self.kind is str:
            if not text and not self.may_be_empty:
                raise InputError(f"The {self.name} is missing", path=where, remedy=self.remedy)
            return text
        if not text and self.kind == float | None:
            return None
        return self._number(text, where)

    def _number(self, text: str, where: str) -> Cell:
        try:
            number = int(text) if self.kind is int else float(text)
        except ValueError as error:
            whole = "whole " if self.kind is int else ""
            raise InputError(
                f"{text!r} is not a {whole}number, as {self.name} must be", path=where, remedy=self.remedy
            ) from error
        if self.name != "dose":
            return number
        try:
            return check_dose(number)
        except DoseError as error:
            raise InputError(error.problem, path=where, remedy=error.remedy) from error


def _rank(value: Cell | None, column: str, kind: object) -> tuple[int, Any]:
    """Sort key of a cell; what is empty comes last."""
    if value is None:
        return 1, 0
    if column == "method":
        return 0, method_order(str(value))
    return 0, get_args(kind).index(value) if get_origin(kind) is Literal else value


def _a(column: str) -> str:
    return f"{'an' if column[0] in 'aeiou' else 'a'} {column}"
