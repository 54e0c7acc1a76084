# SPDX-License-Identifier: Apache-2.0
"""Where everything of a reader study lies: EXPERIMENT/reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StudyFolder:
    """The paths of a reader study.

    Attributes:
        root: ``EXPERIMENT/reader``.
    """

    root: Path

    @classmethod
    def of(cls, experiment: Path) -> StudyFolder:
        """Give the folder in an experiment."""
        return cls(experiment / "reader")

    @property
    def protocol(self) -> Path:
        """Design, cases and questions."""
        return self.root / "protocol.json"

    @property
    def database(self) -> Path:
        """Accounts, answers, audit log."""
        return self.root / "study.sqlite"

    @property
    def served_port(self) -> Path:
        """The port that was served last."""
        return self.root / "port"

    def image(self, image_id: str) -> Path:
        """Voxels of one image, as browsers get them."""
        return self.root / "images" / f"{image_id}.gz"
