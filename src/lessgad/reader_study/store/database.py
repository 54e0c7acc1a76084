# SPDX-License-Identifier: Apache-2.0
"""The database of a reader study: one writer at a time, and what is committed is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event
from sqlmodel import Session

from lessgad.errors import StorageError
from lessgad.reader_study.store.migrations import migrate

BUSY_MS = 20_000
_WRITES = "lessgad_writes"


class Store:
    """Opens transactions on the database of one reader study.

    WAL lets readers go on while one writes; synchronous = FULL flushes the log before a commit returns, so
    that a commit outlives the process and the machine. Writing transactions take the write lock at their
    beginning (BEGIN IMMEDIATE): what they have read cannot change under them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine(URL.create("sqlite", database=str(path.absolute())), pool_size=20, max_overflow=30)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the database and changes nothing.

        Yields:
            The session.
        """
        with self._engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.expunge_all()  # what was read stays readable after the block
            session.rollback()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that is committed at the end of the block, or rolled back if the block raises.

        Yields:
            The session.
        """
        with (
            self._engine.connect().execution_options(**{_WRITES: True}) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_store(path: Path) -> Store:
    """Open the database of a reader study and upgrade it to the newest schema.

    Args:
        path: The file.

    Returns:
        The database.

    Raises:
        StorageError: There is none, or it is of a newer lessgad.
    """
    if not path.is_file():
        raise StorageError("There is no reader study", path=path, remedy="Make one with lessgad reader create")
    migrate(path)
    return Store(path)


def create_store(path: Path) -> Store:
    """Make a new database.

    Args:
        path: The file.

    Returns:
        The database.

    Raises:
        StorageError: It cannot be written.
    """
    migrate(path)
    return Store(path)


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open an existing database for reading only; its path may hold any characters."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin, not when the driver thinks so
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "recursive_triggers = ON", f"busy_timeout = {BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
