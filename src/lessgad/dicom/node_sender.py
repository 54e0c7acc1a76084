# SPDX-License-Identifier: Apache-2.0
"""Send the files of a result to where the configuration says."""

from __future__ import annotations

import ssl
from pathlib import Path

from lessgad.dicom.node_receiver import tls_context
from lessgad.dicom.node_settings import NodeSettings
from lessgad.errors import DicomError

_WARNINGS = {0xB000, 0xB006, 0xB007}
_MR = "1.2.840.10008.5.1.4.1.1.4"
_EXPLICIT = "1.2.840.10008.1.2.1"


def send(files: list[Path], settings: NodeSettings) -> None:
    """Send MR images by C-STORE in one association.

    Args:
        files: DICOM files to send.
        settings: Settings of the node.

    Raises:
        DicomError: The peer cannot be reached, refuses the association, or refuses an image.
    """
    from pydicom import dcmread
    from pynetdicom import AE

    peer = settings.send_to
    entity = AE(ae_title=settings.ae_title)
    entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = settings.idle_s
    entity.connection_timeout = settings.idle_s
    entity.add_requested_context(_MR, _EXPLICIT)
    tls = (tls_context(settings.tls, ssl.Purpose.SERVER_AUTH), peer.host) if settings.tls is not None else None
    association = entity.associate(peer.host, peer.port, ae_title=peer.ae_title, tls_args=tls)
    if not association.is_established:
        came = "refused the association" if association.is_rejected else "cannot be reached"
        raise DicomError(f"{peer.ae_title} at {peer.host}:{peer.port} {came}")
    try:
        for path in files:
            status = association.send_c_store(dcmread(path))
            code = status.Status if status else None
            if code != 0 and code not in _WARNINGS:
                came = f"status 0x{code:04X}" if code is not None else "no answer"
                raise DicomError(f"{peer.ae_title} did not store all {len(files)} images: {came}")
    finally:
        association.release()
