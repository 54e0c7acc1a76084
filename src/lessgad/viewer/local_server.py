# SPDX-License-Identifier: Apache-2.0
"""A server on this machine alone."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from lessgad.errors import SettingsError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Open a port on 127.0.0.1; 0 takes a free one.

    Args:
        port: Port on 127.0.0.1.

    Returns:
        The listening socket.

    Raises:
        SettingsError: The port is taken or may not be used.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else "may not be used"
        raise SettingsError(f"Port {port} {why}", remedy="Choose another with --port") from error
    return listening


def serve(app: ASGIApp, listening: socket.socket, *, behind_proxy: bool = False) -> None:
    """Answer requests until interrupted; addresses of visitors are logged nowhere.

    Args:
        app: What answers.
        listening: An open port.
        behind_proxy: Whether to trust the addresses of visitors that a proxy on the same machine reports.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        forwarded_allow_ips=HOST,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[listening])
