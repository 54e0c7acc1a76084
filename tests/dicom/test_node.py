# SPDX-License-Identifier: Apache-2.0
"""A node between a stranger (dcmtk) and a real archive (Orthanc): what comes in comes out restored, once."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pydicom
import pytest
import yaml
from debian_programs import program
from head_study import KINDS, volume_of, write_study
from node_processes import DONE_WITHIN_S, Archive, Node, SlowScanner, free_port, wait_for

from lessgad.dicom.node_queue import NodeQueue
from lessgad.restoration.restorer import Restorer

pytestmark = pytest.mark.slow


@pytest.fixture
def archive(tmp_path):
    made = Archive(tmp_path / "archive")
    yield made
    made.stop()


@pytest.fixture
def node(tmp_path, untrained_model, archive):
    made = Node(tmp_path / "node", untrained_model, archive.dicom)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


def echo(node, sender):
    command = [program("echoscu"), "-aet", sender, "-aec", "LESSGAD", "127.0.0.1", str(node.port)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_a_study_goes_in_and_comes_out_restored_once(tmp_path, tiny, node, archive, untrained_model, valid_dicom):
    study = write_study(tmp_path / "study", tiny, kinds={2: KINDS[2]})
    node.start()
    assert echo(node, "SCANNER") == 0
    assert echo(node, "STRANGER") != 0
    assert node.store(study, sender="STRANGER") != 0
    assert node.count("incoming") == 0

    lying = socket.create_connection(("127.0.0.1", node.port))
    lying.sendall(b"\x01\x00\xff\xff\xff\xff" + bytes(20))  # an association request of 4 GB, and then nothing
    hanging = socket.create_connection(("127.0.0.1", node.port))
    assert node.store(study) == 0
    wait_for(lambda: node.count("done") == 1, DONE_WITHIN_S, "result")
    lying.close()
    hanging.close()

    found = {one["MainDicomTags"]["SeriesDescription"].split(" ", 4)[4]: one for one in archive.series()}
    assert set(found) == {"0.1.0 from 10 %", "0.1.0 half-width 90 %"}
    restored = archive.download(found["0.1.0 from 10 %"], tmp_path / "downloaded")
    valid_dicom(next(restored.iterdir()))
    expected = Restorer.load(untrained_model).restore_in_full(volume_of(study), 0.1).image
    image = volume_of(restored)
    np.testing.assert_allclose(image.affine, expected.affine, atol=1e-6)
    below = np.s_[:, image.array.shape[1] // 2 :]  # of the burnt-in words
    np.testing.assert_allclose(image.array[below], expected.array[below], atol=0.02)
    header = pydicom.dcmread(next(restored.iterdir()))
    assert header.PatientID == "PHANTOM-07"
    n_instances = json.loads(archive.get("/statistics"))["CountInstances"]

    assert node.store(study) == 0  # the same study again
    wait_for(lambda: node.count("incoming") == 0, DONE_WITHIN_S, "quiet")
    assert json.loads(archive.get("/statistics"))["CountInstances"] == n_instances
    assert node.count("results") == 0

    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(60) == 0
    log = (node.folder / "queue" / "node.jsonl").read_text()
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events.count("study restored") == events.count("result sent") == 1
    assert events[-1] == "node stopped"
    for said in (log, (node.folder / "stderr").read_text()):
        assert "PHANTOM" not in said
        assert header.StudyInstanceUID not in said
        assert "Traceback" not in said


def test_a_killed_node_goes_on_and_a_failed_study_is_retried(tmp_path, tiny, node, archive, capfd):
    from lessgad.cli.main import exit_code

    study = write_study(tmp_path / "study", tiny, kinds={2: KINDS[2]})
    settings = yaml.safe_load(node.config.read_text())
    nobody = {**settings, "send_to": {**settings["send_to"], "port": free_port()}}
    node.config.write_text(yaml.safe_dump(nobody))
    node.start()
    assert node.store(study) == 0
    wait_for(lambda: node.count("working") == 1, DONE_WITHIN_S, "study under way")
    node.kill()
    assert node.count("working") + node.count("failed") == 1
    node.start()
    wait_for(lambda: node.count("failed") == 1, DONE_WITHIN_S, "failure")
    page = urllib.request.urlopen(f"http://127.0.0.1:{node.page}/").read().decode()
    assert "<td>failed</td><td>1</td>" in page
    assert "PHANTOM" not in page
    node.kill(signal.SIGTERM)
    assert exit_code(["node", "status", str(node.config)]) == 1
    assert "cannot be reached" in capfd.readouterr().err

    node.config.write_text(yaml.safe_dump(settings))
    assert exit_code(["node", "retry", str(node.config), "nonsense"]) == 2
    assert exit_code(["node", "retry", str(node.config)]) == 0
    node.start()
    wait_for(lambda: node.count("done") == 1, DONE_WITHIN_S, "result")
    assert len(archive.series()) == 2
    other = subprocess.run(
        [sys.executable, "-m", "lessgad", "node", "run", str(node.config)], capture_output=True, text=True, check=False
    )
    assert other.returncode == 2
    assert "Another node works on" in other.stderr


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_twenty_studies_at_once_and_ten_kills(tmp_path, tiny, untrained_model, archive):
    """Five kills fall into sendings, five into restorations: nothing is lost, and nothing comes twice."""
    rng = np.random.default_rng(0)
    node = Node(tmp_path / "node", untrained_model, archive.dicom, most_associations=20, quiet_s=20.0)
    scanners = [
        SlowScanner(
            node,
            write_study(tmp_path / f"{number:02d}", tiny, patient=f"{number:02d}", kinds={2: KINDS[2]}, seed=number),
            pause_s=float(rng.uniform(0.2, 2)),
        )
        for number in range(20)
    ]

    def total(name):
        return sum(getattr(scanner, name) for scanner in scanners)

    try:
        node.start()
        for scanner in scanners:
            scanner.start()
        for _ in range(5):
            n_wanted, n_interrupted = total("n_stored") + int(rng.integers(5, 30)), total("n_interrupted")
            wait_for(lambda enough=n_wanted: total("n_stored") >= enough, DONE_WITHIN_S, "images")
            node.kill()
            node.start()
            wait_for(lambda before=n_interrupted: total("n_interrupted") > before, DONE_WITHIN_S, "interruption")
        for scanner in scanners:
            scanner.join(600)
            assert not scanner.is_alive()
        n_under_way = 0
        for _ in range(5):
            n_done = node.count("done")
            wait_for(lambda before=n_done: node.count("done") > before, DONE_WITHIN_S, "result")
            wait_for(lambda: node.count("working") > 0, DONE_WITHIN_S, "study under way")
            time.sleep(float(rng.uniform(0, 0.3)))
            node.kill()
            n_under_way += node.count("working") > 0
            node.start()
        assert n_under_way > 0
        wait_for(lambda: node.count("done") == 20 and node.count("working") == 0, 1800, "twenty results")
    finally:
        node.kill()
    series = archive.series()
    assert len(series) == 40
    assert len({(one["ParentStudy"], one["MainDicomTags"]["SeriesDescription"]) for one in series}) == 40
    assert all(len(one["Instances"]) == 10 for one in series)
    assert node.count("failed") == node.count("incoming") == 0
    queue = NodeQueue(node.folder / "queue")
    queue.clean()  # the last kill may fall between the last two deletions
    assert node.count("results") == 0
