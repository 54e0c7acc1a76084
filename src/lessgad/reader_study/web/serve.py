# SPDX-License-Identifier: Apache-2.0
"""The server process."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

from lessgad.errors import SettingsError
from lessgad.reader_study.study import ReaderStudy
from lessgad.reader_study.web.app import create_app

HOST = "127.0.0.1"


def serve_study(study: ReaderStudy, port: int, hosts: Sequence[str], experiment: str) -> None:
    """Answer requests on 127.0.0.1 until interrupted.

    Addresses of visitors are believed from a proxy on the same machine alone, and logged nowhere.

    Args:
        study: Open.
        port: On 127.0.0.1.
        hosts: Names that a browser may ask for.
        experiment: How the coordinator's page names the experiment.

    Raises:
        SettingsError: The port is taken or may not be used.
    """
    import uvicorn

    listening = _socket(port)
    config = uvicorn.Config(
        create_app(study, hosts, experiment),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=HOST,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _socket(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else "may not be used"
        raise SettingsError("a free port", f"{port}, which {why}", None, "Choose another with --port") from error
    return listening
