# SPDX-License-Identifier: Apache-2.0
"""Console output: one-line errors and progress bars on stderr, results on stdout."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY = 0.1  # of a stage, where no bar can be drawn
SECONDS_TO_JUDGE_SPEED = 600.0
ROOMY_COLUMNS = 100


def say_error(line: str) -> None:
    """Print one error line on stderr, unbroken, so that it can be searched for."""
    sys.stderr.write(f"lessgad: {' '.join(line.split())}\n")


def say_internal_error(error: Exception) -> None:
    """Print in one line that lessgad has a bug, and where the traceback is."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    notes = getattr(error, "__notes__", None) or [f"the traceback is in {_keep_traceback(error)}"]
    say_error(f"internal error, a bug: {type(error).__name__}{where}: {error}; {notes[-1]}")


def _keep_traceback(error: Exception) -> Path | str:
    """Write the traceback of a command that has no log."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="lessgad-", suffix=".log", encoding="utf-8", delete=False) as file:
            file.writelines(traceback.format_exception(error))
            return Path(file.name)
    except OSError:
        return "no file, as none could be written"


class ProgressBars:
    """One progress bar per stage: current work, share done, time so far and time left.

    If stderr is not a terminal, a line is printed when a stage begins, at every tenth of it, and when it ends.
    """

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""
        self._total = 1.0
        self._done = 0.0
        self._said = 0.0

    def begin(self, stage: str, total: float) -> None:
        """Start the bar of a stage.

        Args:
            stage: Name of the stage.
            total: Amount of work in the stage, in its own unit.
        """
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.table import Column

        self._stage, self._total, self._done, self._said = stage, total, 0.0, 0.0
        console = Console(stderr=True)
        if not console.is_terminal:
            self.say(f"{stage} …")
            return
        roomy = console.width >= ROOMY_COLUMNS
        self._bars = Progress(
            TextColumn("[bold]{task.description:<8}"),
            BarColumn(bar_width=20 if roomy else 10),
            TextColumn("{task.percentage:>3.0f} %"),
            *([TextColumn("so far"), TimeElapsedColumn()] if roomy else []),
            TimeRemainingColumn(),
            TextColumn("left"),
            TextColumn("{task.fields[note]}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            console=console,
            expand=True,
            speed_estimate_period=SECONDS_TO_JUDGE_SPEED,
        )
        self._bars.start()
        self._task = self._bars.add_task(stage, total=total, note="")

    def advance(self, done: float, note: str = "") -> None:
        """Move the bar.

        Args:
            done: Work done so far, in the unit of the total.
            note: Short description of the work.
        """
        self._done = done
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, note=note)
        elif done - self._said >= LINE_EVERY * self._total and done < self._total:
            self._said = done
            self.say(f"{self._stage} {100 * done / self._total:.0f} %: {note}")

    def end(self) -> None:
        """Close the bar."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = self._task = None
        elif self._done >= self._total:
            self.say(f"{self._stage} done")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
