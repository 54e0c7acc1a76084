# SPDX-License-Identifier: Apache-2.0
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lessgad.engine.lock import holding
from lessgad.errors import LockedError, StorageError

HOLDER = """
import sys, time
from pathlib import Path
from lessgad.engine.lock import holding
with holding(Path(sys.argv[1]), "work"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "new" / "unit.lock"


@pytest.fixture
def holder(lock: Path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_process_is_told_who_holds_it(lock: Path, holder: subprocess.Popen):
    with pytest.raises(LockedError) as caught, holding(lock, "preparation of it"):
        pass
    line = str(caught.value)
    assert "preparation of it" in line
    assert f"process {holder.pid} on {platform.node()} since 20" in line


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_lock_goes_with_its_process_however_that_ends(lock: Path, holder: subprocess.Popen, end: signal.Signals):
    holder.send_signal(end)
    holder.wait()
    with holding(lock, "work"), pytest.raises(LockedError, match=f"process {os.getpid()} "), holding(lock, "work"):
        pass


def test_second_hold_in_one_process(lock: Path):
    with holding(lock, "work"), pytest.raises(LockedError, match=f"process {os.getpid()} "), holding(lock, "work"):
        pass
    with holding(lock, "work"):
        pass


def test_locked_out_does_not_unlock(lock: Path):
    with holding(lock, "work"):
        for _ in range(2):
            with pytest.raises(LockedError), holding(lock, "work"):
                pass


def test_other_units_are_free(lock: Path):
    with holding(lock, "work"), holding(lock.with_name("other.lock"), "other work"):
        pass


def test_free_after_an_error(lock: Path):
    with pytest.raises(KeyError), holding(lock, "work"):
        raise KeyError
    with holding(lock, "work"):
        pass
    assert not lock.with_suffix(".holder.json").exists()


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", "3"])
def test_holder_that_does_not_say(lock: Path, content: str | None):
    with holding(lock, "work"):
        words = lock.with_suffix(".holder.json")
        words.unlink()
        if content is not None:
            words.write_text(content)
        with pytest.raises(LockedError, match="it does not say which"), holding(lock, "work"):
            pass


def test_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError), holding(tmp_path / "file" / "unit.lock", "work"):
        pass
