# SPDX-License-Identifier: Apache-2.0
"""Restore the studies of a node in a process of its own, which is ended where a study takes too long."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING

from lessgad.dicom.import_rules import ImportRules
from lessgad.errors import LessgadError

if TYPE_CHECKING:
    from lessgad.restoration.restorer import Restorer

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Failure:
    """Why a study was not restored.

    Attributes:
        kind: Name of the error, which identifies nobody.
        words: The reason, for the person who runs the node.
    """

    kind: str
    words: str


@dataclass(frozen=True)
class _Order:
    images: Path
    result: Path
    dose: float | None
    burn_in: bool


class RestoringProcess:
    """A process that holds a model and restores one study after another.

    Args:
        model: Folder of the model.
        rules: Rules by which series get their role.
        longest_s: A study that takes longer has failed; the process is ended, and another one continues.
    """

    def __init__(self, model: Path, rules: ImportRules, longest_s: float) -> None:
        self._model, self._rules, self._longest_s = model, rules, longest_s
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def start(self, stop: threading.Event) -> Failure | None:
        """Start the process and let it load the model.

        Args:
            stop: Set when the node is to stop.

        Returns:
            Why the model cannot be used; None if it can.

        Raises:
            InterruptedError: `stop` was set.
        """
        if self._process is not None and self._process.is_alive():
            return None
        self.close()
        context = get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._model, self._rules), daemon=True)
        self._process.start()
        other.close()
        failure = self._answer(self._connection, stop)
        if failure is not None:
            self.close()
        return failure

    def restore(
        self, images: Path, result: Path, stop: threading.Event, *, dose: float | None = None, burn_in: bool = True
    ) -> Failure | None:
        """Restore one study.

        Args:
            images: Folder of the images.
            result: Folder for the derived series; complete or absent.
            stop: Ends the work.
            dose: Fraction of the standard dose; None takes what the header says.
            burn_in: Whether NOT FOR DIAGNOSIS is written into the pixels.

        Returns:
            Why it failed; None if `result` is complete.

        Raises:
            InterruptedError: `stop` was set. `result` is complete if the process had just finished, else absent.
        """
        failure = self.start(stop)
        if stop.is_set():
            raise InterruptedError
        if failure is not None or self._connection is None:
            return failure
        was_there = result.exists()
        self._connection.send(_Order(images, result, dose, burn_in))
        failure = self._answer(self._connection, stop)
        finished_at_the_last_moment = self._process is None and result.exists() and not was_there
        return None if finished_at_the_last_moment else failure

    def close(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _answer(self, connection: Connection, stop: threading.Event) -> Failure | None:
        end = time.monotonic() + self._longest_s
        while not connection.poll(_LOOK_EVERY_S):
            if stop.is_set():
                self.close()
                raise InterruptedError
            if time.monotonic() > end:
                self.close()
                return Failure("TimeLimit", f"the restoration took longer than {self._longest_s:g} s (longest_s)")
        try:
            answer: Failure | None = connection.recv()
        except (EOFError, OSError):
            self.close()
            return Failure("ProcessEnded", "the restoring process was killed, probably because memory ran out")
        return answer


def _serve(connection: Connection, model: Path, rules: ImportRules) -> None:
    from lessgad.restoration.restorer import Restorer

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the node, which ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_node, daemon=True).start()
    try:
        restorer = Restorer.load(model)
    except LessgadError as error:
        connection.send(Failure(type(error).__name__, str(error)))
        return
    connection.send(None)
    with contextlib.suppress(EOFError):
        while True:
            order: _Order = connection.recv()
            try:
                _restore(order, restorer, rules)
            except LessgadError as error:
                connection.send(Failure(type(error).__name__, str(error)))
            except Exception as error:  # noqa: BLE001 - one study must not stop the node
                words = f"internal error, a bug: {type(error).__name__}: {error}"
                connection.send(Failure(type(error).__name__, words))
            else:
                connection.send(None)


def _restore(order: _Order, restorer: Restorer, rules: ImportRules) -> None:
    from lessgad.dicom.restore_study import find_scans, restore_study

    scans = find_scans(order.images, rules, order.dose)
    restore_study(scans, order.result, restorer, burn_in=order.burn_in)


def _end_with_the_node() -> None:
    """End this process with the node, so that a killed node leaves nothing behind that writes into its queue."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
