# SPDX-License-Identifier: Apache-2.0
"""Work through the queue of a node: restore each complete study once, and send the result."""

from __future__ import annotations

import threading
from pathlib import Path

from lessgad.dicom.import_rules import ImportRules
from lessgad.dicom.node_log import NodeLog
from lessgad.dicom.node_queue import NodeQueue
from lessgad.dicom.node_restorer import RestoringProcess
from lessgad.dicom.node_sender import send
from lessgad.dicom.node_settings import NodeSettings
from lessgad.dicom.restore_study import has_low_dose
from lessgad.errors import DicomError, LessgadError

_LOOK_EVERY_S = 0.5
_WAIT_BETWEEN_ATTEMPTS_S = 5.0


def work(
    settings: NodeSettings,
    queue: NodeQueue,
    restorer: RestoringProcess,
    rules: ImportRules,
    log: NodeLog,
    stop: threading.Event,
) -> None:
    """Take complete studies from the queue until `stop` is set; those of a node that died come first.

    Args:
        settings: Settings of the node.
        queue: The queue of the node.
        restorer: The process that holds the model.
        rules: Rules by which series get their role.
        log: Log of the node.
        stop: Set when the node is to stop.
    """
    while not stop.is_set():
        for study in queue.working():
            if stop.is_set():
                return
            work_on(study, settings, queue, restorer, rules, log, stop)
        try:
            for study in queue.take_complete(settings.quiet_s):
                log.say("study complete", study=study)
        except OSError as error:
            log.say("queue not readable", kind=type(error).__name__)
        if not queue.working():
            stop.wait(_LOOK_EVERY_S)


def work_on(
    study: str,
    settings: NodeSettings,
    queue: NodeQueue,
    restorer: RestoringProcess,
    rules: ImportRules,
    log: NodeLog,
    stop: threading.Event,
) -> None:
    """Restore one study, send the result, and note it as done, or as failed with the reason.

    Args:
        study: ID of the study in the queue.
        settings: Settings of the node.
        queue: The queue of the node.
        restorer: The process that holds the model.
        rules: Rules by which series get their role.
        log: Log of the node.
        stop: Set when the node is to stop.
    """
    try:
        if queue.is_done(study):
            queue.finish(study)
            return
        result = queue.result(study)
        if not result.exists():  # it is whole where it exists: a node that died had only to send it
            if not has_low_dose(queue.images(study), rules):
                queue.finish(study)
                log.say("study without a low dose: nothing is done", study=study)
                return
            failure = restorer.restore(queue.images(study), result, stop, dose=settings.dose, burn_in=settings.burn_in)
            if failure is not None:
                queue.fail(study, failure.words)
                log.say("study failed", study=study, kind=failure.kind)
                return
            log.say("study restored", study=study)
        files = sorted(result.rglob("*.dcm"))
        _send_patiently(files, settings, log, study, stop)
        queue.finish(study)
        log.say("result sent", study=study, images=len(files))
    except InterruptedError:
        return
    except LessgadError as error:
        queue.fail(study, str(error))
        log.say("study failed", study=study, kind=type(error).__name__)
    except Exception as error:  # noqa: BLE001 - one study must not stop the node
        queue.fail(study, f"internal error, a bug: {type(error).__name__}: {error}")
        log.say("study failed", study=study, kind=type(error).__name__)


def _send_patiently(files: list[Path], settings: NodeSettings, log: NodeLog, study: str, stop: threading.Event) -> None:
    for attempt in range(1, settings.send_attempts + 1):
        try:
            send(files, settings)
        except DicomError:
            log.say("result not sent", study=study, attempt=attempt)
            if attempt == settings.send_attempts:
                raise
            if stop.wait(_WAIT_BETWEEN_ATTEMPTS_S * attempt):
                raise InterruptedError from None
        else:
            return
