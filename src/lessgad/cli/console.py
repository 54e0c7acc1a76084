# SPDX-License-Identifier: Apache-2.0
"""How the command line speaks: errors in one line on stderr, bars on stderr, results on stdout."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def say_error(line: str) -> None:
    """Print one error line on stderr, unbroken, so that it can be searched for."""
    sys.stderr.write(f"lessgad: {line}\n")


def say_internal_error() -> None:
    """Say that it is lessgad's fault, and where; the log has the whole traceback."""
    kind, error, place = sys.exc_info()
    frame = traceback.extract_tb(place)[-1] if place is not None else None
    where = f" in {frame.name}, line {frame.lineno}" if frame else ""
    name = kind.__name__ if kind is not None else "error"
    say_error(f"internal error: {name}{where}: {error}. This is a bug; the traceback is in EXPERIMENT/logs.")


class ProgressBars:
    """A watcher that draws one bar per stage: what is being done, how far, how long is left.

    Where stderr is no terminal, it prints a line when a stage begins and ends, and what it is told to say.
    """

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def begin(self, stage: str, total: float) -> None:
        """Start the bar of a stage."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._stage = stage
        console = Console(stderr=True)
        if not console.is_terminal:
            self.say(f"{stage} …")
            return
        self._bars = Progress(
            TextColumn("[bold]{task.description:<9}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )
        self._bars.start()
        self._task = self._bars.add_task(stage, total=total, note="")

    def advance(self, done: float, note: str = "") -> None:
        """Move the bar."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, note=note)

    def end(self) -> None:
        """Close the bar."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = self._task = None
        else:
            self.say(f"{self._stage} done")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(line + "\n")
