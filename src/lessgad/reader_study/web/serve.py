# SPDX-License-Identifier: Apache-2.0
"""The server process."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.reader_study.served_address import note_port
from lessgad.reader_study.study import ReaderStudy
from lessgad.reader_study.web.app import create_app
from lessgad.viewer.local_server import listen, serve


def serve_study(study: ReaderStudy, port: int, hosts: Sequence[str], experiment: str) -> None:
    """Answer requests on 127.0.0.1 until interrupted.

    Addresses of visitors are believed from a proxy on the same machine alone, and logged nowhere.

    Args:
        study: Open.
        port: Port on 127.0.0.1.
        hosts: Names that a browser may ask for.
        experiment: How the coordinator's page names the experiment.

    Raises:
        SettingsError: The port is taken or may not be used.
    """
    listening = listen(port)
    note_port(study.folder, port)
    serve(create_app(study, hosts, experiment), listening, behind_proxy=True)
