# SPDX-License-Identifier: Apache-2.0
"""Workers on this machine: processes that never outlive the run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import Any

#: What numerical libraries read when they are imported.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class LocalProcesses:
    """So many processes on this machine, which share its cores.

    Args:
        at_once: Processes.
        n_threads: Threads of each process, unless the environment sets another number.
    """

    lost: tuple[type[BaseException], ...] = ()
    look_again_s: float | None = None
    why_lost = "The system ends processes when memory is short: set n_workers: 1 in experiment.yaml and run again."

    def __init__(self, at_once: int, n_threads: int = 1) -> None:
        self.at_once, self.n_threads = at_once, n_threads

    def check(self) -> None:
        """Processes are started as they are needed: there is always one."""

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        """Provide worker processes, started when they are needed; if the block fails, they end with it.

        Yields:
            The executor.
        """
        others = set(active_children())
        with _Pool(self.at_once, get_context("spawn"), _begin_worker, (self.n_threads,)) as pool:
            try:
                yield pool
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):  # it may have been sent to this process alone
                    for worker in set(active_children()) - others:
                        worker.terminate()
                pool.shutdown(cancel_futures=True)
                raise


class _Pool(ProcessPoolExecutor):
    """Processes that begin hold a Ctrl-C back until `_begin_worker`: no traceback while they import."""

    def submit(self, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - handed on
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(*arguments, **more)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(n_threads: int) -> None:
    """End silently at Ctrl-C, and with the run, should that be killed."""
    for name in THREADS:
        os.environ.setdefault(name, str(n_threads))
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # a run in the background ignores it, as its workers must
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
