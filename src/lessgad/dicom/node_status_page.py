# SPDX-License-Identifier: Apache-2.0
"""The status page of a node, for localhost alone: how many studies are where, and which failed."""

from __future__ import annotations

import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lessgad.dicom.node_queue import NodeQueue
from lessgad.errors import InputError

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def start_status_page(port: int, queue: NodeQueue) -> ThreadingHTTPServer:
    """Serve the page at http://127.0.0.1:PORT/ in a thread of its own.

    Args:
        port: Port on 127.0.0.1.
        queue: The queue of the node.

    Returns:
        The running server.

    Raises:
        InputError: The port is taken.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = status_page(queue).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", _POLICY)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep no log of visits."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    except OSError as error:
        came = f"{port}: {error.strerror}"
        raise InputError(
            f"The status page cannot be served at {came}", remedy="Change status_port: in the settings of the node"
        ) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def status_page(queue: NodeQueue) -> str:
    """Write the page; IDs of studies are digests."""
    counts = "".join(f"<tr><td>{name}</td><td>{count}</td></tr>" for name, count in queue.counts().items())
    failed = "".join(f"<li>{html.escape(study)}</li>" for study in queue.failed())
    return (
        "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=5><title>lessgad node</title>"
        f"<h1>lessgad node</h1><table>{counts}</table><h2>Failed</h2><ul>{failed or '<li>none</li>'}</ul>"
        "<p>Reasons: lessgad node status CONFIG. Research software, not a medical device.</p>"
    )
