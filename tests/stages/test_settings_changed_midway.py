# SPDX-License-Identifier: Apache-2.0
"""A stage done with settings A, run with B and killed after any of its outputs, is whole again with A or with B."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lessgad.pipeline.status import experiment_status

DRIVER = Path(__file__).parents[1] / "kill_driver.py"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
#: Stage → what B changes, where its first study writes, and how many files it writes there.
STAGES = {
    "prepare": ({"preparation": {"full_scale": 2.8}}, "sub-01_*", 6),
    "restore": ({"restoration": {"window": "sliding"}}, "sub-04_*", 6),
    "evaluate": ({"external": {"other": "../theirs"}}, "scores/sub-04/dose10/*", 9),
}
KEPT = ("prepared", "restored", ".state/scores")


def set_b(root: Path, changes: dict) -> None:
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    for group, values in changes.items():
        settings[group] = {**settings.get(group, {}), **values}
    path.write_text(yaml.safe_dump(settings))


def contents(root: Path) -> dict[str, bytes]:
    files = (path for kind in KEPT for path in (root / kind).rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def places(tiny_stages, tmp_path_factory):
    """For each stage and each output: an experiment killed there, then run with A or with B; and a whole run with B."""
    base = tmp_path_factory.mktemp("midway")
    shutil.copytree(tiny_stages / "cohort", base / "cohort")
    (base / "theirs").mkdir()
    for image in (tiny_stages / "restore" / "restored").rglob("*desc-dose10_T1w.nii.gz"):
        shutil.copy(image, base / "theirs" / image.name.replace("_ce-gadolinium", ""))
    jobs, ends = [], []

    def add(root: Path, stage: str, **more: object) -> None:
        # The limits of a model, in the stage before, are found with the settings of restoration too.
        how = "--until" if stage == "restore" else "--stage"
        jobs.append({"arguments": ["run", str(root), how, stage], "console": f"{root}.txt", **more})
        ends.append(-signal.SIGKILL if "match" in more else 0)

    for stage, (changes, match, n_files) in STAGES.items():
        whole = shutil.copytree(tiny_stages / stage, base / f"{stage}-b")
        set_b(whole, changes)
        add(whole, stage)
        for number in range(1, n_files + 1):
            for last in "ab":
                root = shutil.copytree(tiny_stages / stage, base / f"{stage}-{number}-{last}")
                own = (root / "experiment.yaml").read_text()
                other = base / f"{stage}-{number}-{last}.yaml"
                set_b(root, changes)
                other.write_text(own if last == "a" else (root / "experiment.yaml").read_text())
                add(root, stage, match=match, when="after", count=number)
                jobs.append({"copy": [str(other), str(root / "experiment.yaml")]})
                add(root, stage)
    (base / "jobs.json").write_text(json.dumps(jobs))
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(base / "jobs.json")],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == ends, done.stderr
    return base


@pytest.mark.soak
@pytest.mark.parametrize("last", ["a", "b"])
@pytest.mark.parametrize(
    ("stage", "number"), [(stage, number) for stage, (_, _, n) in STAGES.items() for number in range(1, n + 1)]
)
def test_the_results_are_those_of_an_uninterrupted_run(places, tiny_stages, stage, number, last):
    expected = contents(tiny_stages / stage if last == "a" else places / f"{stage}-b")
    root = places / f"{stage}-{number}-{last}"
    found = contents(root)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    states = next(entry for entry in experiment_status(root)[0] if entry.stage == stage).states
    assert set(states.values()) == {"done"}
    assert list(root.rglob(".tmp-*")) == []


@pytest.mark.soak
@pytest.mark.parametrize("stage", list(STAGES))
def test_b_changes_the_results(places, tiny_stages, stage):
    assert contents(places / f"{stage}-b") != contents(tiny_stages / stage)
