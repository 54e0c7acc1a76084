# SPDX-License-Identifier: Apache-2.0
"""A unit of work: done once, by one process, skipped while its fingerprint stands."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lessgad.atomic_write import system_error
from lessgad.errors import CohortError, LessgadError, StudyError, VolumeError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.lock import holding
from lessgad.experiment.record import Record, State, read_record, state_of, write_record
from lessgad.workflow.stages import Stage

DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT}

Advance = Callable[[float, str], None]


@dataclass(frozen=True)
class Unit:
    """Something to do, and how to know whether it is done.

    Attributes:
        stage: To which it belongs.
        name: Of its record; the study or the model.
        what: For people: "preparation of sub-01".
        fingerprint: Of everything that its result depends on.
        work: Does it; is given a function to say how far it is. Must pickle where units run in parallel.
        outputs: Files without which it is not done.
        passing: Files that it writes too, and that need not stay.
        size: How much it counts in the progress of its stage.
        after: A unit of the same stage without which there is nothing to do; None for one that stands by itself.
        of_study: Whether it is the work on one study: an unforeseen error in it leaves the other studies as they are.
    """

    stage: Stage
    name: str
    what: str
    fingerprint: str
    work: Callable[[Advance], None]
    outputs: tuple[Path, ...]
    passing: tuple[Path, ...] = ()
    size: float = 1.0
    after: Unit | None = None
    of_study: bool = False


def unit_state(folder: ExperimentFolder, unit: Unit) -> State:
    """Say whether a unit is done, failed, stale, or to do; what somebody has deleted since is to do again."""
    state = state_of(read_record(folder.record(unit.stage, unit.name)), unit.fingerprint)
    return "to do" if state == "done" and not all(path.exists() for path in unit.outputs) else state


def do_unit(folder: ExperimentFolder, unit: Unit, advance: Advance) -> Record:
    """Do a unit under its lock and record how it went; a study's own failure is recorded, not raised.

    So is an unforeseen error in the work on one study, with its traceback in what is returned.

    Raises:
        LockedError: Another run is doing it.
        StorageError: The disk is full.
    """
    path = folder.record(unit.stage, unit.name)
    lock = folder.lock(unit.stage, unit.name)
    with holding(lock, unit.what):
        known = read_record(path)
        if known is not None and unit_state(folder, unit) == "done":
            return known
        for written in (*unit.outputs, *unit.passing, path, lock.with_suffix(".holder.json")):
            _remove_leftovers(written)
        try:
            unit.work(advance)
        except (StudyError, VolumeError, CohortError) as error:
            return write_record(path, unit.fingerprint, _reason(error))
        except LessgadError:
            raise
        except Exception as error:
            if not unit.of_study or system_error(error) in DISK_IS_FULL:
                raise
            record = write_record(path, unit.fingerprint, _unforeseen(error))
            return replace(record, traceback="".join(traceback.format_exception(error)))
        return write_record(path, unit.fingerprint)


def _reason(error: LessgadError) -> str:
    """One line with the name of the file but not its place: where somebody stands when running is no reason."""
    line = str(error)
    return line if error.path is None else line.replace(str(error.path), Path(error.path).name)


def _unforeseen(error: Exception) -> str:
    """One line about a bug."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    words = " ".join(str(error).split())
    return f"internal error, a bug: {type(error).__name__}{where}: {words}; the traceback is in the log of the run"


def _remove_leftovers(path: Path) -> None:
    """Remove what a killed run left half-written; whoever holds the unit's lock is the only one to write this file."""
    for leftover in path.parent.glob(f".tmp-*-{path.name}"):
        leftover.unlink(missing_ok=True)
