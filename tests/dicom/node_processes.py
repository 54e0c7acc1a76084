# SPDX-License-Identifier: Apache-2.0
"""A node and an Orthanc in processes of their own."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pydicom
import pytest
import yaml
from debian_programs import program
from pynetdicom import AE

STARTS_WITHIN_S, DONE_WITHIN_S = 240, 240


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    pytest.fail(f"no {what} within {seconds} s")
    return None


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Archive:
    """An Orthanc of this test."""

    def __init__(self, folder: Path) -> None:
        self.dicom, self.http = free_port(), free_port()
        settings = {
            "Name": "test",
            "StorageDirectory": str(folder / "storage"),
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": False,
            "Plugins": [],
        }
        folder.mkdir()
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self.log = (folder / "orthanc.log").open("w")
        command = [program("Orthanc"), str(folder / "orthanc.json")]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        wait_for(lambda: listens(self.http) and listens(self.dicom), 60, "Orthanc")

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}") as answer:
            return answer.read()

    def series(self):
        return [json.loads(self.get(f"/series/{one}")) for one in json.loads(self.get("/series"))]

    def download(self, series, folder):
        folder.mkdir(parents=True)
        for one in series["Instances"]:
            (folder / f"{one}.dcm").write_bytes(self.get(f"/instances/{one}/file"))
        return folder

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Node:
    """A node of this test, in a process of its own."""

    def __init__(self, folder: Path, model: Path, archive_port: int, **changes: object) -> None:
        self.folder, self.port, self.page = folder, free_port(), free_port()
        folder.mkdir()
        settings = {
            "model": str(model),
            "queue": "queue",
            "allowed": ["SCANNER"],
            "send_to": {"ae_title": "ORTHANC", "host": "127.0.0.1", "port": archive_port},
            "port": self.port,
            "status_port": self.page,
            "quiet_s": 1.0,
            "idle_s": 5.0,
            "send_attempts": 1,
            "least_free_mb": 1,
            **changes,
        }
        self.config = folder / "node.yaml"
        self.config.write_text(yaml.safe_dump(settings))
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "lessgad", "node", "run", str(self.config)]
        with (self.folder / "stderr").open("a") as stderr:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        wait_for(lambda: listens(self.port) or self.process.poll() is not None, STARTS_WITHIN_S, "node")
        assert self.process.poll() is None, (self.folder / "stderr").read_text()

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(60)

    def count(self, name):
        return len(list((self.folder / "queue" / name).iterdir()))

    def store(self, folder, sender="SCANNER"):
        command = [program("storescu"), "-aet", sender, "-aec", "LESSGAD", "127.0.0.1", str(self.port)]
        files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
        return subprocess.run([*command, *files], capture_output=True, text=True, check=False).returncode


class SlowScanner(threading.Thread):
    """A scanner that sends an image every `pause_s` seconds, and its whole study again after an interruption.

    Attributes:
        n_stored: Images that the node has confirmed, repeats included.
        n_interrupted: How often a study broke off after its first image.
    """

    def __init__(self, node: Node, study: Path, pause_s: float) -> None:
        super().__init__(daemon=True)
        self.port, self.pause_s = node.port, pause_s
        self.images = [pydicom.dcmread(path) for path in sorted(study.rglob("*")) if path.is_file()]
        self.n_stored = self.n_interrupted = 0

    def run(self) -> None:
        while (n_in_a_row := self.stored_in_a_row()) < len(self.images):
            self.n_interrupted += n_in_a_row > 0
            time.sleep(0.2)

    def stored_in_a_row(self) -> int:
        entity = AE("SCANNER")
        entity.add_requested_context(self.images[0].SOPClassUID, self.images[0].file_meta.TransferSyntaxUID)
        association = entity.associate("127.0.0.1", self.port, ae_title="LESSGAD")
        if not association.is_established:
            return 0
        for number, image in enumerate(self.images):
            try:
                status = association.send_c_store(image)
            except RuntimeError:  # the node was killed between two images
                return number
            if "Status" not in status or status.Status != 0:
                association.abort()
                return number
            self.n_stored += 1
            time.sleep(self.pause_s)
        association.release()
        return len(self.images)
