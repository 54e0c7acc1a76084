# SPDX-License-Identifier: Apache-2.0
"""Progress messages of a run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Is told what is being done and how far it is; the command line draws bars from it."""

    def begin(self, stage: str, total: float) -> None:
        """Report that a stage begins, with its size (studies, or samples of training).

        Args:
            stage: Name of the stage.
            total: Amount of work in the stage, in its own unit.
        """

    def advance(self, done: float, note: str = "") -> None:
        """Report how much of the stage is done; the note names the current work.

        Args:
            done: Work done so far, in the unit of the total.
            note: Short description of the work.
        """

    def end(self) -> None:
        """Report that the stage is over."""

    def say(self, line: str) -> None:
        """One line for a person."""


class NullProgress:
    """Progress that nobody is told of."""

    def begin(self, stage: str, total: float) -> None:
        """Ignore it.

        Args:
            stage: Name of the stage.
            total: Amount of work in the stage, in its own unit.
        """

    def advance(self, done: float, note: str = "") -> None:
        """Ignore it.

        Args:
            done: Work done so far, in the unit of the total.
            note: Short description of the work.
        """

    def end(self) -> None:
        """Ignore it."""

    def say(self, line: str) -> None:
        """Ignore it."""
