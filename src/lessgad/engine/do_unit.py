# SPDX-License-Identifier: Apache-2.0
"""Do one unit under its lock, so that no interruption can leave unfinished work that looks finished."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lessgad.atomic_write import remove_for_good, saying_why
from lessgad.engine.fingerprint import hash_file
from lessgad.engine.lock import HeldError, Holder, holding
from lessgad.engine.record import Record, read_record, write_record
from lessgad.engine.standing import Standing
from lessgad.engine.state_folder import StateFolder
from lessgad.engine.unit import Advance, Doing, Unit
from lessgad.errors import CohortError, InputError, LessgadError, SettingsError, StudyError, VolumeError

_ONE_AT_A_TIME = "Wait for the other run or stop it, then run again"


@dataclass(frozen=True)
class Job:
    """A unit to do as things stand; it can be sent to another process.

    Attributes:
        unit: The unit.
        fingerprint: Fingerprint of the unit.
        inputs: Fingerprint of each input that counts.
        failures: Key and reason of each input that failed, where the unit asks for them.
        made_from: What its record is going to keep.
    """

    unit: Unit
    fingerprint: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[tuple[str, str], ...] = ()
    made_from: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, standing: Standing, unit: Unit) -> Job:
        """Make the job of a unit.

        Args:
            standing: State of all units.
            unit: The unit.

        Returns:
            The job.
        """
        key = unit.key
        return cls(
            unit, standing.fingerprint(key), standing.inputs(key), standing.failures(key), standing.made_from(key)
        )


@dataclass(frozen=True)
class Done:
    """Outcome of a job.

    Attributes:
        key: Key of the unit.
        record: Outcome; None if another run works on the unit.
        held_by: The other run that works on the unit.
        traceback: Traceback of an unexpected error, for the log.
    """

    key: str
    record: Record | None
    held_by: Holder | None = None
    traceback: str = ""


def do_job(folder: StateFolder, job: Job, advance: Advance) -> Done:
    """Do a unit and record its outcome; a failure of one study is recorded, not raised.

    The record goes before the first output may change, and comes back last. What another run changes underneath is
    noticed before the record is written.

    Args:
        folder: Folder of records and locks.
        job: The job.
        advance: Receives the share done and a note.

    Returns:
        What happened.

    Raises:
        SettingsError: A run with other settings is at this unit or at one of its inputs.
        InputError: What the unit stands on is gone; a newer lessgad wrote a record.
        StorageError: The disk is full.
    """
    unit, path = job.unit, folder.record(job.unit.key)
    try:
        with holding(folder.lock(unit.key), unit.what, job.fingerprint):
            known = read_record(path)
            if known is not None and _is_done(known, job):
                return Done(unit.key, known)
            _check_inputs(folder, job)
            for record in (path, *(folder.record(key) for key in unit.spoils)):
                remove_for_good(record)
            for written in (*unit.outputs, *unit.passing, path):
                _remove_leftovers(written)
            reason, trace = _work(job, advance)
            if reason is None:
                reason = _changed_source(unit)
            _check_inputs(folder, job)
            return Done(unit.key, write_record(path, job.fingerprint, reason, job.made_from), traceback=trace)
    except HeldError as held:
        if held.what != unit.what:
            raise
        if held.holder is not None and held.holder.mark not in ("", job.fingerprint):
            raise SettingsError(
                f"Another run works on the {unit.what} with other settings ({held.holder.words})", remedy=_ONE_AT_A_TIME
            ) from held
        return Done(unit.key, None, held_by=held.holder)


def _is_done(known: Record, job: Job) -> bool:
    same = known.outcome == "done" and known.fingerprint == job.fingerprint
    return same and all(path.exists() for path in job.unit.outputs)


def _work(job: Job, advance: Advance) -> tuple[str | None, str]:
    """Do the work; give the reason where it failed, and the traceback where no one foresaw that."""
    unit = job.unit
    try:
        with saying_why(unit.outputs[0]):
            unit.work(Doing(advance, job.fingerprint, job.inputs, job.failures))
    except (StudyError, VolumeError, CohortError) as error:
        _check_stands(unit)
        return _reason(error), ""
    except LessgadError:
        raise
    except Exception as error:
        _check_stands(unit)
        if not unit.subject:
            raise
        return _unforeseen(error), traceback.format_exc()
    return None, ""


def _check_stands(unit: Unit) -> None:
    """Raise InputError where the folder that all studies come from is gone: none of them is to blame."""
    if unit.stands_on is not None and not unit.stands_on.is_dir():
        raise InputError(
            "The folder was there when the run began and is gone",
            path=unit.stands_on,
            remedy="Put it back, then run again",
        )


def _changed_source(unit: Unit) -> str | None:
    """Say which file from outside is another one now than when the run was planned."""
    for path, known in unit.sources:
        try:
            now = hash_file(path)
        except OSError:
            _check_stands(unit)
            now = "missing"
        if now != known:
            return f"{path.name}: The file was changed during the run. Run again."
    return None


def _check_inputs(folder: StateFolder, job: Job) -> None:
    """Raise SettingsError where an input is not what this unit is to be made from any more."""
    for key, wanted in job.inputs.items():
        record = read_record(folder.record(key))
        if record is None or record.outcome != "done" or record.fingerprint != wanted:
            raise SettingsError(
                f"Another run has changed {key} while the {job.unit.what} was reading it", remedy=_ONE_AT_A_TIME
            )


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
    """Remove half-written files of a killed run; only the holder of the unit's lock writes this file."""
    inside = path.glob(".tmp-*") if path.is_dir() else ()
    for leftover in (*path.parent.glob(f".tmp-*-{path.name}"), *inside):
        leftover.unlink(missing_ok=True)
