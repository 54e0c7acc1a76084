# SPDX-License-Identifier: Apache-2.0
"""Tables as people keep them: written by hand, by a program, or by a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from lessgad.errors import CohortError

_DELIMITERS = ("\t", ";", ",")
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*(?:\r\n|\r|\n|$)", re.IGNORECASE)  # a spreadsheet's first line
_MARKS_OF_THE_END = " \t\0\x1a"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_table(path: Path, wanted: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a table with a header: tabs, or what a spreadsheet puts in their place; quotes, any line ends and encoding.

    Names of columns count in any case, with spaces or hyphens in place of underscores.

    Args:
        path: The file.
        wanted: Name of the table in error messages: "a split".
        columns: Required columns, in lower case.

    Returns:
        Its rows by names of columns in lower case, cells stripped of space; rows without any content are left out.

    Raises:
        CohortError: It cannot be read, lacks a column, or has a required column twice.
    """
    text = read_text_of(path, wanted)
    marked = _SEPARATOR_LINE.match(text)
    text = text[marked.end() :] if marked else text
    marks = list(dict.fromkeys([*([marked[1]] if marked else []), *_DELIMITERS]))
    header = next((line for line in text.splitlines() if line.strip()), "")
    try:
        readings = [_lines(text, mark) for mark in sorted(marks, key=lambda mark: mark not in header)]
    except csv.Error as error:
        raise CohortError(f"This file cannot be read as {wanted} ({error})", path=path) from error
    lines = next((lines for lines in readings if lines and set(columns) <= set(_names(lines[0]))), readings[0])
    names = _names(lines[0]) if lines else []
    if not set(columns) <= set(names):
        listed = " and ".join((", ".join(columns[:-1]), columns[-1])) if len(columns) > 1 else columns[0]
        kind = "columns" if len(columns) > 1 else "column"
        raise CohortError(
            f"The {kind} {listed} {'is' if len(columns) == 1 else 'are'} missing; the file has "
            f"{', '.join(lines[0]) if lines else 'no content'}",
            path=path,
        )
    for column in columns:
        if names.count(column) > 1:
            raise CohortError(
                f"{names.count(column)} columns are named {column}", path=path, remedy="Remove or rename all but one"
            )
    return [dict.fromkeys(names, "") | dict(zip(names, line, strict=False)) for line in lines[1:]]


def _lines(text: str, mark: str) -> list[list[str]]:
    """Split a text into the cells of its lines, without empty lines."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    lines = [[cell.strip().strip(_MARKS_OF_THE_END) for cell in row] for row in rows]
    return [line for line in lines if any(line)]


def _names(header: list[str]) -> list[str]:
    return [re.sub(r"[\s-]+", "_", name.strip("'").strip().lower()) for name in header]


def read_text_of(path: Path, wanted: str) -> str:
    """Read a text in UTF-8, in UTF-16 or UTF-32 as spreadsheets save it, or else in Latin-1.

    Args:
        path: The file to read.
        wanted: Name of the file in error messages: "a split".

    Returns:
        The text.

    Raises:
        CohortError: It cannot be read.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_WORKBOOKS):
            raise CohortError(
                f"This file is a workbook, which cannot be read as {wanted}",
                path=path,
                remedy="Save it as text with tabs (.tsv) or commas (.csv)",
            )
        if (encoding := _wide_encoding(content)) is not None:
            return content.decode(encoding).removeprefix("\ufeff")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")
    except (OSError, UnicodeError) as error:
        came = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise CohortError(f"This file cannot be read as {wanted} ({came})", path=path) from error


def _wide_encoding(content: bytes) -> str | None:
    """Tell UTF-32 and UTF-16 by their mark, or without it by the zeros beside the letters of the first word."""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = [byte == 0 for byte in content[:8]]
    if start == [False, True] * 4:
        return "utf-16-le"
    return "utf-16-be" if start == [True, False] * 4 else None
