# SPDX-License-Identifier: Apache-2.0
"""A server process of one's own, that can be killed and started again on the same port."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

START_S = 400  # on a machine that is busy with other things


class Server:
    """`lessgad reader serve`, as users start it."""

    def __init__(self, experiment):
        self.experiment = experiment
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        code = "from lessgad.cli.main import main; main()"
        arguments = ["reader", "serve", str(self.experiment), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read().decode())
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.05)
        raise RuntimeError("the server does not start")

    def kill(self):
        """kill -9, of this process alone."""
        os.kill(self.process.pid, signal.SIGKILL)
        self._reap()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self._reap()

    def _reap(self):
        self.process.wait(timeout=30)
        self.process.stderr.close()
