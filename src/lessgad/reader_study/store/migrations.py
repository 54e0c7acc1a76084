# SPDX-License-Identifier: Apache-2.0
"""The schema: numbered SQL files, applied once each; PRAGMA user_version says which are."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from lessgad.errors import StorageError

_NAME = re.compile(r"(\d{3})_\w+\.sql")


def migrations() -> list[str]:
    """Give the SQL of every schema version, from version 1 on."""
    folder = files("lessgad.reader_study.store").joinpath("schema")
    named = sorted((match[1], entry) for entry in folder.iterdir() if (match := _NAME.fullmatch(entry.name)))
    return [entry.read_text(encoding="utf-8") for _, entry in named]


def migrate(path: Path) -> None:
    """Bring a database to the newest version; each step happens whole or not at all.

    Args:
        path: The file.

    Raises:
        StorageError: It is of a newer lessgad, or no database.
    """
    steps = migrations()
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            version = schema_version(connection)
            if version > len(steps):
                came = f"version {version}, made by a newer lessgad"
                raise StorageError(
                    f"The reader study has {came}; this lessgad reads version {len(steps)} at most",
                    path=path,
                    remedy="Update lessgad",
                )
            for number, step in enumerate(steps[version:], version + 1):
                connection.executescript(f"BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.Error as error:
        raise StorageError(f"The file is not the database of a reader study ({error})", path=path) from error


def schema_version(connection: sqlite3.Connection) -> int:
    """PRAGMA user_version."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    """Give the SQL of every table, index and trigger, by name."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    return {str(name): str(sql) for name, sql in rows}


def wanted_schema(version: int) -> dict[str, str]:
    """Give what `schema_of` a database of this version must be."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in migrations()[:version]:
            connection.executescript(step)
        return schema_of(connection)
