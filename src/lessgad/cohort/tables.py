# SPDX-License-Identifier: Apache-2.0
"""Tables as people keep them: written by hand, by a program, or by a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from lessgad.errors import CohortError

_DELIMITERS = ("\t", ";", ",")


def read_table(path: Path, wanted: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a table with a header: tabs, or what a spreadsheet puts in their place; quotes, any line ends and encoding.

    Args:
        path: The file.
        wanted: Name of the table in error messages: "a split".
        columns: Required columns.

    Returns:
        Its rows, cells stripped of space; rows without any content are left out.

    Raises:
        CohortError: It cannot be read, or lacks a column.
    """
    text = read_text_of(path, wanted)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((mark for mark in _DELIMITERS if mark in header), "\t")
    try:
        lines = [
            [cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise CohortError(f"This file cannot be read as {wanted} ({error})", path=path) from error
    lines = [line for line in lines if any(line)]
    names = lines[0] if lines else []
    if not set(columns) <= set(names):
        listed = " and ".join((", ".join(columns[:-1]), columns[-1])) if len(columns) > 1 else columns[0]
        kind = "columns" if len(columns) > 1 else "column"
        raise CohortError(
            f"The {kind} {listed} {'is' if len(columns) == 1 else 'are'} missing; the file has "
            f"{', '.join(names) or 'no content'}",
            path=path,
        )
    return [dict.fromkeys(names, "") | dict(zip(names, line, strict=False)) for line in lines[1:]]


def read_text_of(path: Path, wanted: str) -> str:
    """Read a text in UTF-8, in UTF-16 as spreadsheets save it, or else in Latin-1.

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
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")
    except (OSError, UnicodeError) as error:
        came = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise CohortError(f"This file cannot be read as {wanted} ({came})", path=path) from error
