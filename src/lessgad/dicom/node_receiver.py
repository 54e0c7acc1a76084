# SPDX-License-Identifier: Apache-2.0
"""Receive images: C-STORE and C-ECHO from peers that the configuration names, within limits."""

from __future__ import annotations

import shutil
import ssl
import warnings
from typing import TYPE_CHECKING, Any

from lessgad.dicom.node_log import NodeLog
from lessgad.dicom.node_queue import NodeQueue
from lessgad.dicom.node_settings import NodeSettings, Tls
from lessgad.errors import InputError, SettingsError, StorageError

if TYPE_CHECKING:
    from pynetdicom.events import Event
    from pynetdicom.transport import ThreadedAssociationServer

SUCCESS, OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
_MB = 1 << 20
_VERIFICATION = "1.2.840.10008.1.1"


def start_receiver(settings: NodeSettings, queue: NodeQueue, log: NodeLog) -> ThreadedAssociationServer:
    """Listen in threads of their own until the server is shut down.

    Args:
        settings: Settings of the node.
        queue: The queue of the node.
        log: Log of the node.

    Returns:
        The running server.

    Raises:
        InputError: The port is taken, or not allowed.
    """
    from pynetdicom import AE, AllStoragePresentationContexts, evt

    entity = AE(ae_title=settings.ae_title)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), _transfer_syntaxes())
    entity.add_supported_context(_VERIFICATION)
    entity.require_calling_aet = list(settings.allowed)
    entity.require_called_aet = True
    entity.maximum_associations = settings.most_associations
    entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = settings.idle_s

    def store(event: Event) -> int:
        return _store(event, settings, queue, log)

    def refused(_: Event) -> None:
        log.say("association refused")

    handlers: list[Any] = [(evt.EVT_C_STORE, store), (evt.EVT_REJECTED, refused)]
    secured = tls_context(settings.tls, ssl.Purpose.CLIENT_AUTH) if settings.tls is not None else None
    where = (settings.address, settings.port)
    try:
        server = entity.start_server(where, block=False, evt_handlers=handlers, ssl_context=secured)
    except OSError as error:
        came = f"{settings.address}:{settings.port}: {error.strerror}"
        raise InputError(f"The node cannot listen at {came}", remedy="Change port: in its settings") from error
    if server is None:
        raise AssertionError("a server that does not block is returned")
    return server


def tls_context(tls: Tls, purpose: ssl.Purpose) -> ssl.SSLContext:
    """Make a TLS context in which both sides must show a certificate.

    Args:
        tls: Certificates.
        purpose: Role of the other side.

    Returns:
        The context.

    Raises:
        SettingsError: A certificate is missing or does not fit.
    """
    try:
        context = ssl.create_default_context(purpose, cafile=str(tls.authority))
        context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"The certificates for TLS cannot be used ({error})", path=tls.certificate) from error
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _store(event: Event, settings: NodeSettings, queue: NodeQueue, log: NodeLog) -> int:
    """Keep one image; what is answered says whether it is safe on disk."""
    try:
        content = event.encoded_dataset()
        if len(content) > settings.largest_image_mb * _MB:
            log.say("image refused: too large", bytes=len(content))
            return OUT_OF_RESOURCES
        if shutil.disk_usage(queue.root).free < settings.least_free_mb * _MB:
            log.say("image refused: disk full")
            return OUT_OF_RESOURCES
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study_uid, sop_uid = str(event.dataset.StudyInstanceUID), str(event.dataset.SOPInstanceUID)
        study = queue.add(study_uid, sop_uid, content)
    except StorageError:
        log.say("image refused: disk full")
        return OUT_OF_RESOURCES
    except Exception as error:  # noqa: BLE001 - nothing that a peer sends may stop the node
        log.say("image refused: not understood", kind=type(error).__name__)
        return CANNOT_UNDERSTAND
    log.say("image received", study=study)
    return SUCCESS


def _transfer_syntaxes() -> list[str]:
    from lessgad.dicom.nifti_conversion import DECODED

    deflated = "1.2.840.10008.1.2.1.99"
    return sorted(DECODED - {deflated, "1.2.840.10008.1.2.2"}, key=lambda uid: (uid != "1.2.840.10008.1.2.1", uid))
