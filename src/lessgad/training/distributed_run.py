# SPDX-License-Identifier: Apache-2.0
"""Several processes on one stage: the first one leads, the others do what it tells them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lessgad.errors import LessgadError, SettingsError
from lessgad.training.launch import launched
from lessgad.training.processes import ALONE, Processes, another_ended

#: What the leader tells the others to do; it must pickle.
Order = Callable[[Processes], None]

UNUSABLE_INPUT = 2
INTERRUPTED = 130


@contextmanager
def joined_processes(stages: Sequence[str]) -> Iterator[Processes]:
    """Join the processes that torchrun or SLURM started with this one; without a launcher this process is alone.

    In the block, the leader is unrestricted except for `order_given`. When the block ends without an error, the leader
    tells the others to stop. If it fails, the leader ends and the others notice.

    Args:
        stages: Stages to run.

    Yields:
        The processes.

    Raises:
        SettingsError: Several processes for another stage than train, or more than there are GPUs.
        SystemExit: In the others, where the leader has something to say.
    """
    launch = launched(os.environ)
    if launch.n_processes == 1:
        yield ALONE
        return
    if list(stages) != ["train"]:
        if launch.rank > 0:
            raise SystemExit(UNUSABLE_INPUT)
        raise SettingsError(
            f"lessgad was started as {launch.n_processes} processes; only --stage train uses several processes",
            remedy="Start lessgad by itself for the other stages",
        )
    processes = Processes.joined(launch)
    yield processes
    if processes.leads:
        processes.from_leader(None)
    processes.part()


@contextmanager
def order_given(processes: Processes, order: Order) -> Iterator[None]:
    """Let the other processes do their part while the block does the leader's.

    Args:
        processes: The processes that train together.
        order: What the other processes are to do.

    Yields:
        Nothing.

    Raises:
        LessgadError: One of them has ended before its time.
    """
    if processes.n == 1:
        yield
        return
    try:
        processes.from_leader(order)
        yield
    except RuntimeError as error:
        if not another_ended(error):
            raise
        raise LessgadError(
            f"One of the {processes.n} processes that train together ended before the others",
            remedy="See what it said; the same command continues from the last saved state",
        ) from error


def follow(processes: Processes) -> None:
    """Do what the leader tells, until there is nothing more to do.

    Args:
        processes: The processes that train together.

    Raises:
        SystemExit: The leader has ended, or has stopped for a reason that it gives.
    """
    try:
        while True:
            order: Order | None = processes.from_leader(None)
            if order is None:
                return
            order(processes)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except SettingsError as error:
        if isinstance(error.__cause__, FloatingPointError):  # known to all of them
            raise SystemExit(UNUSABLE_INPUT) from None
        raise
    except RuntimeError as error:
        if another_ended(error):
            raise SystemExit(UNUSABLE_INPUT) from None
        raise
