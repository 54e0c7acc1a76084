# SPDX-License-Identifier: Apache-2.0
"""A table of the report: title, note, cells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EnhancementTable:
    """A table in words.

    Attributes:
        title: Title of the table.
        note: Explanation of the table.
        columns: Heads; the first one is that of the rows.
        rows: Each with as many words as there are columns.
        table: The table in ``results/`` that holds its numbers; empty where there is none.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    table: str = ""
