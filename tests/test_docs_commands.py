# SPDX-License-Identifier: Apache-2.0
"""The commands of the documentation run, page by page, on cohorts that take seconds.

Servers are stopped where they would begin to listen; tests/viewer and tests/reader_study/web test what they serve.
Jobs of SLURM are tested in tests/slurm, DICOM exports in test_readme.py and tests/dicom.
"""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from lessgad.cli.main import exit_code

DOCS = Path(__file__).parents[1] / "docs"
#: Options of commands that need what a test of its own makes.
ELSEWHERE = ("--cluster", "import-dicom", "import-nifti")
#: No reader has signed off: there are no results yet.
REFUSED = "reader results"


def commands(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", text, flags=re.S | re.M)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("lessgad ")]


@pytest.fixture
def place(tiny, tmp_path, monkeypatch):
    """A folder with COHORT, and scans under the names that the pages use; servers end at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lessgad.viewer.local_server.serve", lambda *_arguments, **_options: None)
    monkeypatch.setattr("lessgad.reader_study.web.serve.serve_study", lambda *_arguments: None)
    monkeypatch.setattr("webbrowser.open", lambda _link: True)
    tiny.write_cohort(tmp_path / "COHORT")
    t1, t1ce, labels = tiny.head(3)
    for name, array in (
        ("T1", t1),
        ("LOW", 0.9 * t1 + 0.1 * t1ce),
        ("RESTORED", t1ce),
        ("tumor_mask", labels.astype("int16")),
    ):
        tiny.save(tmp_path / f"{name}.nii.gz", array)
    rows = "".join(f"sub-{patient}\t{subset}\n" for patient, subset in tiny.SPLIT.items())
    (tmp_path / "SPLIT.tsv").write_text("participant_id\tsubset\n" + rows)
    return tmp_path


def shrink(tiny, place: Path, experiment: str, *, models: str) -> None:
    """Give an experiment settings that take seconds, and the split of the tiny cohort."""
    settings = tiny.settings("../COHORT", doses=[0.1, 0.3], training={"models": models})
    if models == "per_dose":
        settings["field"] |= {"told_the_dose": False}
    (place / experiment).mkdir(exist_ok=True)
    (place / experiment / "experiment.yaml").write_text(yaml.safe_dump(settings))
    (place / experiment / "split.tsv").write_text((place / "SPLIT.tsv").read_text())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "page",
    [
        "cluster.md",
        "files.md",
        "how_to/bids_app.md",
        "how_to/external_method.md",
        "how_to/fine_tuning.md",
        "how_to/view.md",
        "method.md",
        "reader_study.md",
        "segmentation.md",
    ],
)
def test_the_commands_of_a_page_run(page, tiny, place, capfd):
    models = "per_dose" if page == "method.md" else "conditioned"
    given = [line for line in commands(page) if not any(word in line for word in ELSEWHERE)]
    assert given
    if not any(line.startswith("lessgad init") for line in given):
        shrink(tiny, place, "EXPERIMENT", models=models)
    if page in ("how_to/view.md", "reader_study.md"):
        assert exit_code(["run", "EXPERIMENT"]) == 0
    for line in given:
        words = shlex.split(line)[1:]
        if words[0] == "init" and (place / "EXPERIMENT").exists():
            words[1] = "ANOTHER"  # a page shows two ways to begin
        if words[0] == "bids-app" and "group" in words:
            shrink(tiny, place, "OUT", models=models)
        assert exit_code(words) == (2 if REFUSED in line else 0), line + capfd.readouterr().err
        if words[0] == "init":
            shrink(tiny, place, words[1], models=models)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_runs(place, capfd):
    (place / "COHORT").rename(place / "tiny")
    for line in commands("tutorial.md"):
        words = shlex.split(line)[1:]
        if words[0] == "phantom":
            words[words.index("--patients") + 1] = "2"
        assert exit_code(words) == 0, line + capfd.readouterr().err
        if words[0] == "init":
            path = place / "EXPERIMENT" / "experiment.yaml"
            settings = yaml.safe_load(path.read_text())
            path.write_text(yaml.safe_dump(settings | {"doses": [0.1], "n_workers": 1, "segmentation": None}))
    assert (place / "TABLES" / "figure1.svg").is_file()
    assert (place / "EXPERIMENT" / "report" / "index.html").is_file()
    assert (place / "OUT.nii.gz").is_file()
