# SPDX-License-Identifier: Apache-2.0
"""`lessgad run EXPERIMENT --stage train` in the processes that torchrun starts."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lessgad.engine.lock import holding
from lessgad.engine.progress import NullProgress
from lessgad.errors import SettingsError
from lessgad.pipeline.run import run_experiment
from lessgad.training.learning_curve import read_learning_curve

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "lessgad")
TWO = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}


def start(*arguments: object, console: Path) -> subprocess.Popen:
    with console.open("a") as file:
        command = [*TORCHRUN, *map(str, arguments)]
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=file, stderr=file, start_new_session=True)


def ours(console: Path) -> list[str]:
    """What lessgad said, without what torchrun adds where a process fails."""
    return [line for line in console.read_text().splitlines() if line.startswith("lessgad: ")]


def resized(root: Path, **training: object) -> Path:
    """Change numbers under ``training``."""
    path = root / "experiment.yaml"
    lines = path.read_text().splitlines()
    for name, value in training.items():
        (at,) = (i for i, line in enumerate(lines) if line.strip().startswith(f"{name}:"))
        lines[at] = f"  {name}: {value}"
    path.write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def prepared_once(tiny, tmp_path_factory):
    base = tmp_path_factory.mktemp("together")
    tiny.write_cohort(base / "cohort")
    root = tiny.write_experiment(base / "experiment", "../cohort")
    assert run_experiment(root, ["prepare"], NullProgress()) == []
    return base


@pytest.fixture
def prepared(prepared_once, tmp_path):
    """An experiment whose studies are prepared."""
    shutil.copytree(prepared_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "experiment"


@pytest.mark.parametrize("stages", [["prepare"], ["restore"], ["prepare", "train"]])
def test_other_stages_want_one_process(tmp_path, monkeypatch, stages):
    for name, value in {**TWO, "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="started as 2 processes; only --stage train"):
        run_experiment(tmp_path, stages, NullProgress())
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(SystemExit) as silent:
        run_experiment(tmp_path, stages, NullProgress())
    assert silent.value.code == 2


@pytest.mark.slow
def test_two_processes_make_one_model_and_one_record(prepared, tmp_path):
    root = resized(prepared, batch_size=2)
    console = tmp_path / "console.txt"
    n_logs = len(list((root / "logs").iterdir()))
    assert start("run", root, "--stage", "train", console=console).wait(300) == 0, console.read_text()
    said = console.read_text()
    assert said.count("train done") == 1
    assert "Warning" not in said
    assert "Traceback" not in said
    state = root / ".state" / "train"
    assert sorted(path.name for path in state.glob("*.json")) == ["all-doses.json", "all-doses_limits.json"]
    assert len(list((root / "logs").iterdir())) == n_logs + 1
    assert list(root.rglob(".tmp-*")) == []
    record = (state / "all-doses.json").read_bytes()
    curve = read_learning_curve(root / "models" / "all-doses" / "learning_curve.csv")

    assert run_experiment(root, ["train"], NullProgress()) == []
    assert (state / "all-doses.json").read_bytes() == record, "one process finds it done"
    alone = resized(root, batch_size=4)
    assert run_experiment(alone, ["train"], NullProgress()) == []
    theirs = read_learning_curve(alone / "models" / "all-doses" / "learning_curve.csv")
    assert [point.n_samples for point in curve] == [point.n_samples for point in theirs] == [8, 16, 24]
    for mine, other in zip(curve, theirs, strict=True):
        assert mine.training_loss == pytest.approx(other.training_loss, rel=1e-4)
        assert mine.validation_psnr_db == pytest.approx(other.validation_psnr_db, abs=1e-3)


@pytest.mark.slow
def test_who_finds_the_work_taken_says_so_once_and_all_end(prepared, tmp_path):
    root = prepared
    console = tmp_path / "console.txt"
    with holding(root / ".state" / "train" / "all-doses.lock", "training of all-doses"):
        assert start("run", root, "--stage", "train", console=console).wait(300) == 0
    (line,) = (line for line in console.read_text().splitlines() if "skipped" in line)
    assert "training of all-doses skipped: another run at it" in line
    assert not (root / "models").exists()


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_one_process_that_ends_ends_all_and_the_next_run_goes_on(prepared, tmp_path, sent):
    """Killed: the second process. Ctrl-C: in torchrun, which hands it to both."""
    root = resized(prepared, n_samples=1200, batch_size=2, validate_every=40)
    console, model = tmp_path / "console.txt", root / "models" / "all-doses"
    job = start("run", root, "--stage", "train", console=console)
    assert wait_until((model / "resume.pt").exists, 200), console.read_text()
    os.kill(second_of(job.pid) if sent == signal.SIGKILL else job.pid, sent)
    assert job.wait(60) != 0
    assert not (model / "last.safetensors").exists()
    said = console.read_text()
    assert "internal error" not in said
    lines = ours(console)
    if sent == signal.SIGINT:
        assert lines == ["lessgad: interrupted; what was done is kept, and the same command continues from there"]
    else:  # torchrun may end the first process before it can say so
        assert lines in ([], [line for line in lines if "One of the 2 processes" in line][:1])
    begun = (model / "model.yaml").stat().st_mtime_ns
    assert start("run", root, "--stage", "train", console=console).wait(300) == 0, console.read_text()
    assert (model / "model.yaml").stat().st_mtime_ns == begun, "it goes on and does not begin anew"
    assert [point.n_samples for point in read_learning_curve(model / "learning_curve.csv")] == [*range(40, 1201, 40)]


def wait_until(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def children_of(parent: int) -> list[int]:
    """Processes that another one started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" (")[0], path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(rest[1]) == parent and rest[0] != "Z":
            found.append(int(number))
    return sorted(found)


def second_of(torchrun: int) -> int:
    """The process whose rank is 1."""
    for child in children_of(torchrun):
        if b"\0RANK=1\0" in Path(f"/proc/{child}/environ").read_bytes():
            return child
    raise AssertionError("torchrun has no second process")
