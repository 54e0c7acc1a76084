# SPDX-License-Identifier: Apache-2.0
"""Records of all units, each read once for as long as its file stays the same."""

from __future__ import annotations

import os
from pathlib import Path

from lessgad.engine.record import Record, read_record
from lessgad.engine.state_folder import StateFolder

Seen = tuple[int, int, int]
HOLDER = ".holder.json"


class Records:
    """Records of the units of an experiment.

    Args:
        folder: Folder of the records.
    """

    def __init__(self, folder: StateFolder) -> None:
        self.folder = folder
        self._known: dict[str, tuple[Seen, Record | None]] = {}
        self._there: dict[str, dict[str, Seen]] = {}

    def of(self, key: str) -> Record | None:
        """Look up the record of a unit.

        Args:
            key: Key of a unit.

        Returns:
            The record; None if there is none that can be read.

        Raises:
            InputError: A newer lessgad wrote it.
        """
        stage, _, name = key.partition("/")
        seen = self._look(stage).get(f"{name}.json")
        if seen is None:
            return None
        known = self._known.get(key)
        if known is None or known[0] != seen:
            known = self._known[key] = seen, read_record(self.folder.record(key))
        return known[1]

    def holder(self, key: str) -> Path | None:
        """Give the file that says who is at work on a unit; None where there is none."""
        stage, _, name = key.partition("/")
        return self.folder.root / f"{key}{HOLDER}" if f"{name}{HOLDER}" in self._look(stage) else None

    def look_again(self) -> None:
        """Read the records that other processes wrote; unchanged files are not read again."""
        self._there.clear()

    def _look(self, stage: str) -> dict[str, Seen]:
        if stage not in self._there:
            self._there[stage] = _listed(self.folder.root / stage)
        return self._there[stage]


def _listed(folder: Path) -> dict[str, Seen]:
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".json"):
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        continue
                    found[entry.name] = status.st_mtime_ns, status.st_size, status.st_ino
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return found
