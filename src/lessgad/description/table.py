# SPDX-License-Identifier: Apache-2.0
"""A table as it is printed: a title, columns, rows of words, and notes, in any of five formats."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Format = Literal["text", "csv", "markdown", "latex", "html"]
FORMATS: tuple[Format, ...] = ("text", "csv", "markdown", "latex", "html")
SUFFIXES: Mapping[Format, str] = {"text": "txt", "csv": "csv", "markdown": "md", "latex": "tex", "html": "html"}
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "–": "--", "×": r"$\times$",
    "<": r"$<$", ">": r"$>$", "≤": r"$\leq$", "≥": r"$\geq$",
}  # fmt: skip


@dataclass(frozen=True)
class PrintedTable:
    """A table of words.

    Attributes:
        number: Number as in the paper, e.g. ``Table 1``.
        title: What the table shows.
        columns: Heading of each column.
        rows: Cells of each row, as many as there are columns.
        notes: Sentences under the table.
        n_row_headings: How many columns at the left head the row; the others are numbers.
    """

    number: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    n_row_headings: int = 1


def rendered(table: PrintedTable, form: Format) -> str:
    """Render a table in a format.

    Args:
        table: The table.
        form: Format of the text.

    Returns:
        The text, ending with a line break.
    """
    writers: dict[Format, Callable[[PrintedTable], str]] = {
        "text": _text,
        "csv": _csv,
        "markdown": _markdown,
        "latex": _latex,
        "html": _html,
    }
    return writers[form](table)


def _text(table: PrintedTable) -> str:
    lines = (table.columns, *table.rows)
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.columns))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    rule = "-" * max(map(len, shown))
    return "\n".join([f"{table.number}. {table.title}", shown[0], rule, *shown[1:], *table.notes]) + "\n"


def _csv(table: PrintedTable) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([table.columns, *table.rows])
    return buffer.getvalue()


def _markdown(table: PrintedTable) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"

    marks = tuple("---" if i < table.n_row_headings else "---:" for i in range(len(table.columns)))
    notes = [f"\n{note}" for note in table.notes]
    heading = f"**{table.number}.** {table.title}\n"
    return "\n".join([heading, line(table.columns), line(marks), *map(line, table.rows), *notes]) + "\n"


def _latex(table: PrintedTable) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return " & ".join(map(_latex_words, cells)) + r" \\"

    columns = "l" * table.n_row_headings + "r" * (len(table.columns) - table.n_row_headings)
    label = re.sub(r"\W", "", table.number.lower())
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\caption{{{_latex_words(table.title)}}}", rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{columns}}}", r"\hline", line(table.columns), r"\hline", *map(line, table.rows),
            r"\hline", r"\end{tabular}", *(rf"\par\footnotesize {_latex_words(note)}" for note in table.notes),
            r"\end{table}",
        ]
    ) + "\n"  # fmt: skip


def _html(table: PrintedTable) -> str:
    words = html.escape
    head = "".join(f'<th scope="col">{words(name)}</th>' for name in table.columns)
    body = []
    for row in table.rows:
        headings = "".join(f'<th scope="row">{words(cell)}</th>' for cell in row[: table.n_row_headings])
        body.append(f"<tr>{headings}{''.join(f'<td>{words(cell)}</td>' for cell in row[table.n_row_headings :])}</tr>")
    caption = f"<caption><b>{words(table.number)}.</b> {words(table.title)}</caption>"
    parts = ["<table>", caption, f"<thead><tr>{head}</tr></thead>", "<tbody>", *body, "</tbody>", "</table>"]
    return "\n".join([*parts, *(f"<p>{words(note)}</p>" for note in table.notes)]) + "\n"


def _latex_words(words: str) -> str:
    return "".join(_LATEX.get(character, character) for character in words)
