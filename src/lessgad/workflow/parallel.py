# SPDX-License-Identifier: Apache-2.0
"""Units side by side, in processes that never outlive the run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess

from lessgad.errors import InputError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.record import Record
from lessgad.workflow.unit import Unit, do_unit


def do_in_parallel(folder: ExperimentFolder, units: Sequence[Unit], n_workers: int) -> Iterator[tuple[Unit, Record]]:
    """Do units in processes of their own, and give each as it is finished; one worker means this process.

    Raises:
        InputError: A process was killed, most likely because memory ran out.
        KeyboardInterrupt: The user pressed Ctrl-C; units at hand are dropped, finished ones are kept.
    """
    if n_workers == 1 or len(units) == 1:
        for unit in units:
            yield unit, do_unit(folder, unit, _nobody_listens)
        return
    others = set(active_children())
    with ProcessPoolExecutor(min(n_workers, len(units)), get_context("spawn"), _begin_worker) as pool:
        try:
            with _interrupts_held():
                futures: dict[Future[Record], Unit] = {
                    pool.submit(do_unit, folder, unit, _nobody_listens): unit for unit in units
                }
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "workers that live until their study is done",
                "one that was killed, as the system does when memory is short",
                None,
                "Set n_workers: 1 in experiment.yaml and run again: it goes on, study by study",
            ) from error
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):  # it may have been sent to this process alone
                _end(set(active_children()) - others)
            pool.shutdown(cancel_futures=True)
            raise


def _nobody_listens(_done: float, _note: str) -> None:
    """Units in other processes are counted when they are finished."""


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that begin in this block hold a Ctrl-C back until `_begin_worker`: no traceback while they import."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    """End silently at Ctrl-C, and with the run, should that be killed."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # a run in the background ignores it, as its workers must
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _end(workers: set[BaseProcess]) -> None:
    for worker in workers:
        worker.terminate()
