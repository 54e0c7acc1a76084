# SPDX-License-Identifier: Apache-2.0
"""A study that takes too long is ended and fails alone; a node that dies leaves no process behind."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection

import numpy as np
import pytest
from head_study import KINDS, volume_of, write_study

from lessgad.dicom.import_rules import read_rules
from lessgad.dicom.node_restorer import RestoringProcess

LONG_S = 600.0


@pytest.fixture
def restoring(untrained_model):
    made = RestoringProcess(untrained_model, read_rules(), LONG_S)
    yield made
    made.close()


def hidden_and_whole(folder):
    return [path.name for path in folder.iterdir()] if folder.exists() else []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_study_that_takes_too_long_fails_alone(tmp_path, tiny, restoring):
    study = write_study(tmp_path / "study", tiny, kinds={2: KINDS[2]})
    (tmp_path / "empty").mkdir()
    stop = threading.Event()
    assert restoring.start(stop) is None
    restoring._longest_s = 0.0
    failure = restoring.restore(study, tmp_path / "out" / "late", stop)
    assert (failure.kind, "longest_s" in failure.words) == ("TimeLimit", True)
    assert not (tmp_path / "out" / "late").exists()
    restoring._longest_s = LONG_S
    assert restoring.restore(study, tmp_path / "out" / "whole", stop) is None
    image = volume_of(tmp_path / "out" / "whole" / "restored")
    np.testing.assert_allclose(image.affine, volume_of(study).affine, atol=1e-6)
    failure = restoring.restore(tmp_path / "empty", tmp_path / "out" / "none", stop)  # by the same process
    assert failure.kind == "DicomError"
    assert hidden_and_whole(tmp_path / "out") == ["whole"]
    restoring._process.kill()
    restoring._process.join()
    assert restoring.restore(study, tmp_path / "out" / "again", stop) is None
    stop.set()
    with pytest.raises(InterruptedError):
        restoring.restore(study, tmp_path / "out" / "stopped", stop)
    assert not (tmp_path / "out" / "stopped").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2, 0.4, 0.8])
def test_a_study_that_is_stopped_is_complete_or_absent(tmp_path, tiny, restoring, after_s):
    study, out = write_study(tmp_path / "study", tiny, kinds={2: KINDS[2]}), tmp_path / "out"
    stop = threading.Event()
    assert restoring.start(stop) is None
    threading.Timer(after_s, stop.set).start()
    with contextlib.suppress(InterruptedError):
        restoring.restore(study, out / "stopped", stop)
    if (out / "stopped").exists():
        np.testing.assert_allclose(volume_of(out / "stopped" / "restored").affine, volume_of(study).affine, atol=1e-6)


class EndsWithTheWork(Connection):
    """A connection to a process that is ended at the moment when its result is complete."""

    def __init__(self, result):
        self._handle, self.result = None, result

    def send(self, obj):
        assert obj.result
        self.result.mkdir(parents=True)

    def poll(self, timeout=0.0):
        return timeout > 60

    def close(self):
        pass


def test_a_result_that_is_complete_when_the_time_is_over_is_restored(tmp_path, monkeypatch):
    restoring, result = RestoringProcess(tmp_path, read_rules(), 0.0), tmp_path / "out"
    monkeypatch.setattr(restoring, "start", lambda _stop: None)
    restoring._connection = EndsWithTheWork(result)
    assert restoring.restore(tmp_path, result, threading.Event()) is None
    restoring._connection = EndsWithTheWork(tmp_path / "elsewhere")
    assert restoring.restore(tmp_path, result, threading.Event()).kind == "TimeLimit"


def alive(pid) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_node_that_is_killed_leaves_no_process_behind(tmp_path, untrained_model):
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from lessgad.dicom.import_rules import read_rules\n"
        "from lessgad.dicom.node_restorer import RestoringProcess\n"
        "if __name__ == '__main__':\n"
        "    import sys, threading\n"
        "    restoring = RestoringProcess(Path(sys.argv[1]), read_rules(), 600)\n"
        "    assert restoring.start(threading.Event()) is None\n"
        "    print(restoring._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (tmp_path / "dies.py").write_text(program)
    done = subprocess.run(
        [sys.executable, tmp_path / "dies.py", untrained_model], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr
    child, end = int(done.stdout), time.monotonic() + 60
    while alive(child) and time.monotonic() < end:
        time.sleep(0.1)
    assert not alive(child)


@pytest.mark.slow
def test_a_model_that_cannot_be_used_is_said(tmp_path):
    failure = RestoringProcess(tmp_path / "nowhere", read_rules(), LONG_S).start(threading.Event())
    assert failure.kind == "ModelError"
    assert "nowhere" in failure.words
