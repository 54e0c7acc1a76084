# SPDX-License-Identifier: Apache-2.0
"""A run that is killed or interrupted anywhere goes on to the very result that it would have had."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lessgad.experiment.stage_names import STAGES

DRIVER = Path(__file__).parents[1] / "kill_driver.py"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
KEPT = ("prepared", "models", "restored", "results", "split.tsv")
TIMELESS = {".nii", ".gz", ".csv", ".tsv", ".json", ".safetensors", ".yaml", ".md", ".png"}

#: Stage, file at which the run is stopped, when, and at the how-manieth such file.
POINTS = (
    ("prepare", "sub-02_desc-check.png", "half", 1),
    ("prepare", "sub-02*desc-prepared_T1w.nii", "before", 2),
    ("prepare", "sub-03_desc-preparation.json", "after", 1),
    ("prepare", ".state/prepare/sub-05.json", "half", 1),
    ("prepare", ".state/prepare/sub-05.json", "after", 1),
    ("train", "resume.pt", "after", 1),
    ("train", "resume.pt", "half", 2),
    ("train", "best.safetensors", "after", 1),
    ("train", "learning_curve.csv", "after", 2),
    ("train", "last.safetensors", "before", 1),
    ("train", "intervals.yaml", "half", 1),
    ("train", "card.md", "after", 1),
    ("train", "resume.pt", "interrupt", 2),
    ("restore", "desc-dose10_T1w.nii.gz", "half", 2),
    ("restore", "desc-dose50_T1w.nii.gz", "after", 1),
    ("restore", "baselines/dose10.yaml", "half", 1),
    ("restore", "models/baselines.yaml", "after", 1),
    ("evaluate", "scores/sub-05/dose10/similarity.csv", "after", 1),
    ("evaluate", "dose50contradicted_T1w.nii.gz", "half", 2),
    ("report", "similarity.csv", "after", 1),
    ("report", "index.html", "half", 1),
    ("report", ".state/report/report.json", "before", 1),
)


@dataclass(frozen=True)
class Killed:
    """How a stopped run ended, what it said, how the next one ended, and what is there then."""

    first: int
    second: int
    console: str
    root: Path
    reference: Path


def drive(jobs: list[dict], folder: Path) -> list[int]:
    (folder / "jobs.json").write_text(json.dumps(jobs))
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(folder / "jobs.json")],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def contents(root: Path) -> dict[str, bytes]:
    files = [path for path in root.rglob("*") if path.relative_to(root).parts[0] in KEPT and path.suffix in TIMELESS]
    fixed = "answer_fixed.json"  # says at what time it was written
    return {str(path.relative_to(root)): b"" if path.name == fixed else path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny):
    """An uninterrupted run, and copies of it as it stood before each stage."""
    base = tmp_path_factory.mktemp("whole")
    tiny.write_cohort(base / "cohort")
    tiny.write_experiment(base / "experiment", "../cohort")
    jobs = []
    for stage in STAGES:
        shutil.copytree(base / "experiment", base / f"before-{stage}")
        jobs = [
            {"arguments": ["run", str(base / "experiment"), "--stage", stage], "console": str(base / "console.txt")}
        ]
        assert drive(jobs, base) == [0], (base / "console.txt").read_text()
    return base


@pytest.fixture(scope="module")
def killed(whole):
    """Every point, in one process that imports torch once."""
    jobs = []
    for number, (stage, match, when, count) in enumerate(POINTS):
        root = whole / f"killed-{number}"
        shutil.copytree(whole / f"before-{stage}", root)
        job = {"arguments": ["run", str(root), "--stage", stage], "console": str(whole / f"console-{number}.txt")}
        jobs += [{**job, "match": match, "when": when, "count": count}, job]
    ends = drive(jobs, whole)
    return [
        Killed(ends[2 * n], ends[2 * n + 1], (whole / f"console-{n}.txt").read_text(), whole / f"killed-{n}", whole)
        for n in range(len(POINTS))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(POINTS)), ids=["-".join(map(str, point)) for point in POINTS])
def test_a_stopped_stage_gives_the_same_bytes(killed, number):
    stage, _, when, _ = POINTS[number]
    stopped = killed[number]
    assert stopped.first == (130 if when == "interrupt" else -signal.SIGKILL), stopped.console
    assert stopped.second == 0, stopped.console
    following = STAGES[STAGES.index(stage) + 1] if stage != STAGES[-1] else None
    expected = contents(stopped.reference / (f"before-{following}" if following else "experiment"))
    found = contents(stopped.root)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    assert list(stopped.root.rglob(".tmp-*")) == []
    assert "Traceback" not in stopped.console


@pytest.mark.slow
def test_a_run_that_is_killed_in_every_stage_ends_where_an_uninterrupted_one_does(whole):
    root = whole / "again-and-again"
    shutil.copytree(whole / "before-prepare", root)
    job = {"arguments": ["run", str(root)], "console": str(whole / "console-all.txt")}
    stops = {stage: (match, when, count) for stage, match, when, count in POINTS}
    jobs = [{**job, "match": m, "when": w, "count": c} for m, w, c in stops.values()]
    ends = drive([*jobs, job], whole)
    assert [end for end in ends if end not in (-signal.SIGKILL, 130)] == [0], (whole / "console-all.txt").read_text()
    assert len(ends) == len(stops) + 1
    assert contents(root) == contents(whole / "experiment")
    assert list(root.rglob(".tmp-*")) == []


def start(root: Path, console: Path) -> subprocess.Popen:
    command = [
        sys.executable,
        "-c",
        "from lessgad.cli.main import main; main()",
        "run",
        str(root),
        "--until",
        "prepare",
    ]
    with console.open("w") as file:
        return subprocess.Popen(
            command, env=ENVIRONMENT, stdout=file, stderr=file, start_new_session=True, preexec_fn=hear_interrupts
        )


def hear_interrupts() -> None:
    """Undo what a shell does to jobs in the background, of which these tests may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def is_at_work(root: Path) -> bool:
    return any((root / ".state" / "prepare").glob("*.json"))


def workers_import(root: Path) -> bool:
    return any((root / "logs").glob("*.log"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "who", "sent"),
    [
        (is_at_work, "group", signal.SIGINT),
        (workers_import, "group", signal.SIGINT),
        (is_at_work, "parent", signal.SIGINT),
        (is_at_work, "parent", signal.SIGKILL),
    ],
)
def test_workers_end_with_the_run(whole, tmp_path, moment, who, sent):
    shutil.copytree(whole / "cohort", tmp_path / "cohort")
    root = shutil.copytree(whole / "before-prepare", tmp_path / "experiment")
    settings = (root / "experiment.yaml").read_text()
    (root / "experiment.yaml").write_text(settings.replace("n_workers: 1", "n_workers: 2"))
    console = tmp_path / "console.txt"
    run = start(root, console)
    assert wait_until(lambda: moment(root), 60), console.read_text()
    if moment is workers_import:
        time.sleep(0.7)
    (os.killpg if who == "group" else os.kill)(run.pid, sent)
    assert run.wait(30) == (130 if sent == signal.SIGINT else -sent), console.read_text()
    assert wait_until(lambda: group_is_gone(run.pid), 10)
    said = console.read_text()
    assert "Traceback" not in said
    if sent == signal.SIGINT:
        assert [line for line in said.splitlines() if line.startswith("lessgad: ")] == [
            "lessgad: interrupted; what was done is kept, and the same command continues from there"
        ]
    again = start(root, console)
    assert again.wait(90) == 0, console.read_text()
    assert contents(root) == contents(whole / "before-train")
    assert list(root.rglob(".tmp-*")) == []
