# SPDX-License-Identifier: Apache-2.0
"""A unit of work: done once, by one process, skipped while its fingerprint stands."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

from lessgad.errors import CohortError, InputError, StudyError, VolumeError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.lock import holding
from lessgad.experiment.record import Record, State, read_record, state_of, write_record
from lessgad.workflow.stages import Stage

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
        size: How much it counts in the progress of its stage.
    """

    stage: Stage
    name: str
    what: str
    fingerprint: str
    work: Callable[[Advance], None]
    size: float = 1.0


def unit_state(folder: ExperimentFolder, unit: Unit) -> State:
    """Say whether a unit is done, failed, stale, or to do."""
    return state_of(read_record(folder.record(unit.stage, unit.name)), unit.fingerprint)


def do_unit(folder: ExperimentFolder, unit: Unit, advance: Advance) -> Record:
    """Do a unit under its lock and record how it went; a study's own failure is recorded, not raised.

    Raises:
        LockedError: Another run is doing it.
        StorageError: The disk is full.
    """
    with holding(folder.lock(unit.stage, unit.name), unit.what):
        known = read_record(folder.record(unit.stage, unit.name))
        if known is not None and state_of(known, unit.fingerprint) == "done":
            return known
        try:
            unit.work(advance)
        except (StudyError, VolumeError, CohortError) as error:
            return write_record(folder.record(unit.stage, unit.name), unit.fingerprint, str(error))
        return write_record(folder.record(unit.stage, unit.name), unit.fingerprint)


def do_in_parallel(folder: ExperimentFolder, units: Sequence[Unit], n_workers: int) -> Iterator[tuple[Unit, Record]]:
    """Do units in processes of their own, and give each as it is finished; one worker means this process.

    Raises:
        InputError: A process was killed, most likely because memory ran out.
    """
    if n_workers == 1 or len(units) == 1:
        for unit in units:
            yield unit, do_unit(folder, unit, _nobody_listens)
        return
    with ProcessPoolExecutor(min(n_workers, len(units)), get_context("spawn"), _die_on_interrupt) as pool:
        futures: dict[Future[Record], Unit] = {
            pool.submit(do_unit, folder, unit, _nobody_listens): unit for unit in units
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "enough memory for all workers",
                "a worker that was killed",
                None,
                "Set n_workers: 1 in experiment.yaml and run again",
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _nobody_listens(_done: float, _note: str) -> None:
    """Units in other processes are counted when they are finished."""


def _die_on_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
