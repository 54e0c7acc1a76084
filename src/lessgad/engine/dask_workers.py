# SPDX-License-Identifier: Apache-2.0
"""Workers on other machines: those of a Dask scheduler."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from lessgad.errors import LockedError

MOST_SILENCE_S = 5.0  # between two looks at who is there


class DaskWorkers:
    """The workers of a Dask scheduler, one bundle for each of their threads.

    Args:
        client: A `distributed.Client`.
        timeout_s: How long to go on when no worker is left.
        tried: Description of the request for workers, for messages.
    """

    look_again_s: float | None = MOST_SILENCE_S
    why_lost = "A cluster ends jobs that need more memory or time than they asked for."

    def __init__(self, client: Any, timeout_s: float, tried: str) -> None:  # noqa: ANN401 - dask has no types
        from distributed.scheduler import KilledWorker

        self.client, self.timeout_s, self.tried = client, timeout_s, tried
        self.lost: tuple[type[BaseException], ...] = (KilledWorker,)
        self._last_seen = time.monotonic()

    @property
    def at_once(self) -> int:
        """Bundles at a time: as many as all workers that are there have threads, at least one."""
        return max(1, self._n_threads())

    def check(self) -> None:
        """Raise LockedError where the scheduler is gone, or no worker has been there for too long."""
        if self.client.status not in ("running", "connecting"):
            raise LockedError(f"The scheduler is gone ({self.tried})", remedy="Run the same command again")
        if self._n_threads():
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > self.timeout_s:
            raise no_worker(self.timeout_s, self.tried)

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        """Provide the executor of the Dask client; if the block fails, jobs that have not begun are dropped.

        Yields:
            The executor.
        """
        pool = self.client.get_executor(pure=False)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False)
            raise
        pool.shutdown()

    def _n_threads(self) -> int:
        try:
            return sum(self.client.nthreads().values())
        except OSError:  # the connection is lost; it may come back
            return 0


def no_worker(timeout_s: float, tried: str) -> LockedError:
    """Make the error for missing workers.

    Args:
        timeout_s: How long a worker was waited for, in seconds.
        tried: How workers were requested, for the error.

    Returns:
        The error.
    """
    return LockedError(
        f"No worker was there for {timeout_s:g} s ({tried})",
        remedy="Look at the queue (squeue) and at the logs of its jobs, ask for less, or raise "
        "cluster.timeout_s in experiment.yaml",
    )


def when_there(workers: DaskWorkers) -> DaskWorkers:
    """Wait for the first worker, and raise LockedError where none comes in time."""
    try:
        workers.client.wait_for_workers(1, timeout=workers.timeout_s)
    except TimeoutError as error:
        raise no_worker(workers.timeout_s, workers.tried) from error
    return workers


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Dask's messages about connections out of the terminal.

    Yields:
        Nothing.
    """
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
