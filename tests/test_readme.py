# SPDX-License-Identifier: Apache-2.0
"""Every command and every line of Python in the README does what it says, on a smaller cohort."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from small_export import write_export

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def documented_commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("console") for line in block.splitlines()]
    return [line for line in lines if line.startswith("lessgad ")]


def run(arguments: list[str], folder: Path, *, code: str | None = None) -> str:
    command = (
        [sys.executable, "-c", code] if code else [sys.executable, "-c", "from lessgad.cli.main import main; main()"]
    )
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_shows_the_users_day() -> None:
    day = ["restore", "import-dicom", "import-dicom", "phantom", "init", "run", "status", "restore"]
    assert [command.split()[1] for command in documented_commands()] == day


def test_links_and_pictures_of_the_readme_exist() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_users_day_runs_as_documented(tmp_path: Path) -> None:
    right_away, *day = documented_commands()
    for command in day:
        words = shlex.split(command)[1:]
        if words[0] == "import-dicom":
            if not (tmp_path / "EXPORT").exists():
                write_export(tmp_path / "EXPORT", (3,))
            words[2] = "IMPORTED"  # the day goes on with a cohort that is large enough to train on
        if words[0] == "phantom":
            words[words.index("--patients") + 1] = "4"
        if words[0] == "restore":
            low = min((tmp_path / "COHORT").glob("sub-*/**/*_acq-dose10_ce-gadolinium_T1w.nii.gz"))
            t1 = low.with_name(low.name.replace("_acq-dose10_ce-gadolinium", ""))
            (tmp_path / "LOW.nii.gz").write_bytes(low.read_bytes())
            (tmp_path / "T1.nii.gz").write_bytes(t1.read_bytes())
        run(words, tmp_path)
        if words[0] == "init":
            make_short(tmp_path / "EXPERIMENT" / "experiment.yaml")
    assert len(list((tmp_path / "IMPORTED").rglob("*.nii.gz"))) == 3
    assert (tmp_path / "EXPERIMENT" / "report" / "index.html").stat().st_size > 100_000
    (tmp_path / "OUT.nii.gz").unlink()
    run(shlex.split(right_away)[1:], tmp_path)
    (tmp_path / "OUT.nii.gz").unlink()
    for code in blocks("python"):
        run([], tmp_path, code=code)
    assert (tmp_path / "OUT.nii.gz").exists()


def make_short(path: Path) -> None:
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["training"] |= {"n_samples": 8, "validate_every": 8}
    settings["doses"] = [0.0, 0.3]
    settings["segmentation"] = None  # tests/stages/test_segment.py runs that stage
    settings["n_workers"] = 1
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
