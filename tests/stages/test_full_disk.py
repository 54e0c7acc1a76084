# SPDX-License-Identifier: Apache-2.0
"""A full disk is one line at every stage, and the run goes on once there is room."""

import contextlib
import shutil
import subprocess

import pytest
import yaml


def unusable(result: tuple[int, str, str], *words: str) -> str:
    code, _, err = result
    (line,) = [line for line in err.splitlines() if line.startswith("lessgad: ")]
    assert code == 2
    for word in words:
        assert word in line
    return line


def edit(root, change):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    change(settings)
    path.write_text(yaml.safe_dump(settings))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1.5 MB; skipped where it cannot be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(lessgad, tiny, tiny_stages, small_disk):
    root = tiny.write_experiment(small_disk / "e", tiny_stages / "cohort")
    line = unusable(lessgad("run", root, "--until", "prepare"), "no space left", "Free some space")
    assert "prepared" in line
    assert list(root.rglob(".tmp-*")) == []
    done = len([path for path in (root / ".state" / "prepare").glob("*.json") if "holder" not in path.name])
    assert 0 < done < 7
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert lessgad("run", root, "--until", "prepare")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["train", "restore", "evaluate", "report"])
def test_a_full_disk_at_every_later_stage(lessgad, tiny_stages, tmp_path, stage):
    """Filled to the last byte before the stage, by a file that goes away afterwards."""
    before = {"train": "prepare", "restore": "train", "evaluate": "restore", "report": "evaluate"}[stage]
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("no right to mount")
    try:
        root = shutil.copytree(tiny_stages / before, place / "e")
        edit(root, lambda settings: settings["cohort"].update(path=str(tiny_stages / "cohort")))
        with (place / "filling").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        unusable(lessgad("run", root, "--stage", stage), "no space left")
        assert list(root.rglob(".tmp-*")) == []
        (place / "filling").unlink()
        assert lessgad("run", root, "--stage", stage)[0] == 0
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
