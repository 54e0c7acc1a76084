# SPDX-License-Identifier: Apache-2.0
"""Jobs of one study go together to one worker; a worker that is lost costs the job that it was at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lessgad.engine.do_unit import Done, Job, do_job
from lessgad.engine.lock import HeldError, holding
from lessgad.engine.record import read_record, write_record
from lessgad.engine.state_folder import StateFolder

#: So often a job is tried again elsewhere after its worker was lost.
SECOND_CHANCES = 2


@runtime_checkable
class Workers(Protocol):
    """A place that does jobs.

    Attributes:
        lost: Errors that tell of a lost worker.
        why_lost: Likely reason, for messages.
        look_again_s: How long to wait for a bundle before `at_once` is read, and `check` called, again.
    """

    lost: tuple[type[BaseException], ...]
    why_lost: str
    look_again_s: float | None

    @property
    def at_once(self) -> int:
        """Bundles at a time."""

    def check(self) -> None:
        """Raise LessgadError where no one is left to do anything."""

    def executor(self) -> AbstractContextManager[Executor]:
        """Start an executor; asked again after one has broken."""


@dataclass(frozen=True)
class Bundle:
    """Jobs that one worker does one after the other.

    Attributes:
        jobs: Jobs in order.
        losses: Workers that were lost at the first of them.
        suspect: Whether it runs alone, because it was one of several running jobs when all workers were lost.
    """

    jobs: tuple[Job, ...]
    losses: int = 0
    suspect: bool = False


def do_bundle(folder: StateFolder, jobs: Sequence[Job]) -> list[Done]:
    """Do the jobs of a bundle one after the other, in a worker.

    Args:
        folder: Folder of records and locks.
        jobs: Jobs to do one after the other.

    Returns:
        The outcome of each.
    """
    return [do_job(folder, job, ignore_progress) for job in jobs]


def ignore_progress(_done: float, _note: str) -> None:
    """Jobs in other processes are counted when they are finished.

    Args:
        _done: Not used.
        _note: Not used.
    """


def do_bundles(folder: StateFolder, bundles: Sequence[Sequence[Job]], workers: Workers) -> Iterator[Done]:
    """Do bundles side by side.

    A bundle whose worker may have been lost by its fault is tried again by itself: so another one that breaks a worker
    does not count against it.

    Args:
        folder: Folder of records and locks.
        bundles: Bundles of jobs.
        workers: Processes or machines that do the bundles.

    Yields:
        Each job when it is finished.

    Raises:
        LessgadError: What `do_job` raises.
        KeyboardInterrupt: The user pressed Ctrl-C; running jobs are dropped, finished ones are kept.
    """
    waiting = deque(Bundle(tuple(jobs)) for jobs in bundles)
    suspects: deque[Bundle] = deque()
    while waiting or suspects:
        at_hand: dict[Future[list[Done]], Bundle] = {}
        try:
            with workers.executor() as executor:
                yield from _while_whole(folder, executor, waiting, suspects, at_hand, workers)
        except BrokenExecutor:
            for bundle in at_hand.values():
                yield from _after_loss(folder, bundle, suspects, workers.why_lost, suspect=True)


def _while_whole(
    folder: StateFolder,
    executor: Executor,
    waiting: deque[Bundle],
    suspects: deque[Bundle],
    at_hand: dict[Future[list[Done]], Bundle],
    workers: Workers,
) -> Iterator[Done]:
    lost: tuple[type[BaseException], ...] = (CancelledError, *workers.lost)
    while waiting or suspects or at_hand:
        workers.check()
        alone = bool(suspects) or any(bundle.suspect for bundle in at_hand.values())
        while (waiting or suspects) and len(at_hand) < (1 if alone else workers.at_once):
            bundle = (suspects or waiting).popleft()
            at_hand[executor.submit(do_bundle, folder, bundle.jobs)] = bundle
            if bundle.suspect:
                break
        for future in wait(at_hand, workers.look_again_s, return_when=FIRST_COMPLETED).done:
            try:
                done = future.result()
            except BrokenExecutor:
                raise  # any running job may be the reason
            except lost:
                yield from _after_loss(folder, at_hand.pop(future), waiting, workers.why_lost)
            else:
                del at_hand[future]
                yield from done


def _after_loss(
    folder: StateFolder, bundle: Bundle, again: deque[Bundle], why_lost: str, *, suspect: bool = False
) -> Iterator[Done]:
    """Keep what was finished, and try the rest again, unless its first job has had its chances."""
    rest = list(bundle.jobs)
    while rest:
        record = read_record(folder.record(rest[0].unit.key))
        if record is None or record.fingerprint != rest[0].fingerprint or record.outcome != "done":
            break
        yield Done(rest.pop(0).unit.key, record)
    losses = 1 + (bundle.losses if len(rest) == len(bundle.jobs) else 0)
    if rest and losses > SECOND_CHANCES:
        yield _failed(folder, rest.pop(0), f"{losses} workers were lost while doing this. {why_lost}")
        losses = 0
    if rest:
        again.append(Bundle(tuple(rest), losses, suspect))


def _failed(folder: StateFolder, job: Job, reason: str) -> Done:
    unit = job.unit
    try:
        with holding(folder.lock(unit.key), unit.what, job.fingerprint):
            path = folder.record(unit.key)
            return Done(unit.key, write_record(path, job.fingerprint, reason, job.made_from))
    except HeldError as held:
        return Done(unit.key, None, held_by=held.holder)
