# SPDX-License-Identifier: Apache-2.0
"""A DICOM node behind the scanner: studies come in by C-STORE, restored images go out by C-STORE."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

from lessgad.atomic_write import saying_why
from lessgad.dicom.import_rules import read_rules
from lessgad.dicom.node_log import NodeLog
from lessgad.dicom.node_queue import NodeQueue
from lessgad.dicom.node_receiver import start_receiver
from lessgad.dicom.node_restorer import RestoringProcess
from lessgad.dicom.node_settings import NodeSettings
from lessgad.dicom.node_status_page import start_status_page
from lessgad.dicom.node_worker import work
from lessgad.errors import LockedError, ModelError


def run_node(settings: NodeSettings) -> None:
    """Run a node until SIGTERM or Ctrl-C; a study under way is worked on again at the next start.

    Args:
        settings: Settings of the node.

    Raises:
        LockedError: Another node works on this queue.
        ModelError: The model cannot be used.
        InputError: A port is taken.
    """
    from filelock import FileLock, Timeout

    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    with saying_why(settings.queue):
        queue = NodeQueue(settings.queue)
        lock = FileLock(settings.queue / "node.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LockedError(
                "Another node works on this queue",
                path=settings.queue,
                remedy="Stop it, or give this node another queue",
            ) from error
    queue.clean()
    log = NodeLog(settings.queue / "node.jsonl")
    rules = read_rules()
    restorer = RestoringProcess(settings.model, rules, settings.longest_s)
    unusable = restorer.start(stop)
    if unusable is not None:
        raise ModelError(unusable.words)
    server = start_receiver(settings, queue, log)
    queue.listening_since = time.time()
    page = start_status_page(settings.status_port, queue) if settings.status_port is not None else None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    log.say("node started", port=settings.port)
    try:
        work(settings, queue, restorer, rules, log, stop)
    finally:
        restorer.close()
        server.shutdown()
        if page is not None:
            page.shutdown()
        log.say("node stopped")
        lock.release()
