# SPDX-License-Identifier: Apache-2.0
"""Back up the answers while the server runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from lessgad.atomic_write import replacing
from lessgad.errors import StorageError
from lessgad.reader_study.study_folder import StudyFolder


def back_up(folder: StudyFolder, target: Path) -> None:
    """Copy the database to one file, whole or not at all, as it is at one moment; then check the copy.

    The protocol is in the copy from the first answer on. Images are not: they can be made again from the experiment.

    Args:
        folder: Folder of the reader study.
        target: The file to write.

    Raises:
        StorageError: There is no study, the copy is damaged or cannot be written, or `target` exists.
    """
    if not folder.database.is_file():
        raise StorageError(
            "There is no reader study", path=folder.database, remedy="Make one with lessgad reader create"
        )
    if target.exists():
        raise StorageError("The file exists already", path=target, remedy="Choose another name")
    with replacing(target) as temporary:
        try:
            with closing(sqlite3.connect(folder.database)) as source, closing(sqlite3.connect(temporary)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.Error as error:
            raise StorageError(f"The database cannot be copied ({error})", path=target) from error
        if found != "ok":
            raise StorageError(
                f"The copy of the database is not whole: {found}", path=target, remedy="Run lessgad reader verify"
            )
