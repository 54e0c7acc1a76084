# SPDX-License-Identifier: Apache-2.0
"""The folder that holds what is known of every unit: ``.state``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateFolder:
    """The paths of records and locks.

    Attributes:
        root: The folder.
    """

    root: Path

    def record(self, key: str) -> Path:
        """Give the outcome of a unit."""
        return self.root / f"{key}.json"

    def lock(self, key: str) -> Path:
        """Give the lock of a unit."""
        return self.root / f"{key}.lock"

    @property
    def runs(self) -> Path:
        """The runs that are at work now."""
        return self.root / "runs"
