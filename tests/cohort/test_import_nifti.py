# SPDX-License-Identifier: Apache-2.0
"""Plain NIfTI files become a cohort that `read_cohort` takes; nothing that is there is ever changed."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.cli.main import exit_code
from lessgad.cohort.bids import label_names, read_cohort
from lessgad.cohort.name_pattern import find
from lessgad.errors import SettingsError

PATTERNS = {
    "--t1": "{patient}_{session}_t1.nii.gz",
    "--t1ce": "{patient}_{session}_t1gd.nii.gz",
    "--mask": "masks/{patient}_{session}.nii.gz",
}


def touch(path: Path, content: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(path) if content is None else content)
    return path


def scans(folder: Path, *studies: str) -> Path:
    for study in studies:
        touch(folder / f"{study}_t1.nii.gz")
        touch(folder / f"{study}_t1gd.nii.gz")
        touch(folder / f"{study}_t1gd.json", json.dumps({"EchoTime": 0.004}))
        touch(folder / "masks" / f"{study}.nii.gz")
    return folder


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture
def run(capfd):
    def command(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = exit_code(["import-nifti", *map(str, arguments)])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return command


def patterns() -> list[str]:
    return [word for option in PATTERNS.items() for word in option]


@pytest.mark.parametrize("copies", [False, True])
def test_patterns_become_a_cohort_and_a_second_time_changes_nothing(tmp_path: Path, run, copies: bool):
    source, cohort = scans(tmp_path / "scans", "P01_1", "P01_2", "P02_1"), tmp_path / "cohort"
    more = ["--copy"] if copies else []
    arguments = [source, cohort, *patterns(), "--label", "1=intrameatal", "--label", "2=extrameatal", *more]
    code, out, err = run(*arguments)
    assert (code, out.splitlines()[-1]) == (0, str(cohort)), err
    found = read_cohort(cohort)
    assert [study.name for study in found.studies] == ["sub-P01_ses-1", "sub-P01_ses-2", "sub-P02_ses-1"]
    assert found.unusable == ()
    for study in found.studies:
        stem = f"{study.patient}_{study.session}"
        assert study.pre_contrast.read_bytes() == (source / f"{stem}_t1.nii.gz").read_bytes()
        assert study.standard_dose.read_bytes() == (source / f"{stem}_t1gd.nii.gz").read_bytes()
        assert study.mask is not None
        assert study.mask.read_bytes() == (source / "masks" / f"{stem}.nii.gz").read_bytes()
        assert study.pre_contrast.is_symlink() is not copies
    assert label_names(cohort) == {1: "intrameatal", 2: "extrameatal"}
    sidecar = cohort / "sub-P02/ses-1/anat/sub-P02_ses-1_ce-gadolinium_T1w.json"
    assert json.loads(sidecar.read_text()) == {"EchoTime": 0.004}
    before = state(cohort)
    assert run(*arguments)[0] == 0
    assert state(cohort) == before
    scans(source, "P03_1")
    assert run(*arguments)[0] == 0
    assert {name: kept for name, kept in state(cohort).items() if name in before} == before
    assert len(read_cohort(cohort).studies) == 4


def test_a_dry_run_shows_the_table_and_writes_nothing(tmp_path: Path, run):
    source = scans(tmp_path / "scans", "P01_1")
    code, out, _ = run(source, tmp_path / "cohort", *patterns(), "--dry-run")
    assert code == 0
    assert "sub-P01_ses-1_ce-gadolinium_T1w.nii.gz" in out
    assert str(source / "P01_1_t1gd.nii.gz") in out
    assert not (tmp_path / "cohort").exists()


def test_a_table_says_which_is_what(tmp_path: Path, run):
    for name in ("a.nii.gz", "b.nii", "m.nii.gz", "c.nii.gz", "d.nii.gz"):
        touch(tmp_path / "x y" / name)
    rows = 'patient;session;t1;t1ce;mask;t2\r\n"007";pre;x y/a.nii.gz;x y/b.nii;x y/m.nii.gz;\r\n'
    rows += "08;;x y/c.nii.gz;x y/d.nii.gz;;\r\n"
    (tmp_path / "images.tsv").write_text(rows, newline="")
    assert run(tmp_path / "images.tsv", tmp_path / "cohort")[0] == 0
    found = read_cohort(tmp_path / "cohort")
    assert [study.name for study in found.studies] == ["sub-007_ses-pre", "sub-08"]
    assert found.studies[0].standard_dose.suffix == ".nii"


def test_studies_that_lack_something_are_named_and_the_others_imported(tmp_path: Path, run):
    source = scans(tmp_path / "scans", "P01_1", "P02_1", "P03_1", "P-4_1")
    (source / "P02_1_t1gd.nii.gz").unlink()
    (source / "P03_1_t1.nii.gz").unlink()
    (source / "P03_1_t1.nii.gz").symlink_to("../annexed")
    code, _, err = run(source, tmp_path / "cohort", *patterns())
    assert code == 1
    assert "left out: sub-P02_ses-1: no t1ce" in err
    assert re.search(r"left out: sub-P03_ses-1: t1: P03_1_t1.nii.gz is a link to a file that is not here", err)
    assert "3 NIfTI files match no pattern: " in err
    assert [study.name for study in read_cohort(tmp_path / "cohort").studies] == ["sub-P01_ses-1"]


def test_two_names_of_one_label_are_not_mixed_up(tmp_path: Path, run):
    for name in ("P-1", "P1", "P2"):
        touch(tmp_path / "scans" / name / "t1.nii.gz")
        touch(tmp_path / "scans" / name / "t1ce.nii.gz")
    code, _, err = run(
        tmp_path / "scans", tmp_path / "cohort", "--t1", "{patient}/t1.nii.gz", "--t1ce", "{patient}/t1ce.nii.gz"
    )
    assert code == 1
    assert "are one label" in err
    assert [study.name for study in read_cohort(tmp_path / "cohort").studies] == ["sub-P2"]


def test_nothing_is_overwritten(tmp_path: Path, run):
    source = scans(tmp_path / "scans", "P01_1", "P02_1")
    there = touch(tmp_path / "cohort/sub-P02/ses-1/anat/sub-P02_ses-1_T1w.nii.gz", "another scan")
    before = state(tmp_path / "cohort")
    for more in ([], ["--dry-run"]):
        code, _, err = run(source, tmp_path / "cohort", *patterns(), *more)
        assert code == 2
        assert "Another file is in the place of" in err
        assert str(there) in err
        assert state(tmp_path / "cohort") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scans", "c"], "--t1 and --t1ce"),
        (["scans", "c", "--t1", "t1.nii.gz", "--t1ce", "{patient}.nii"], "no place for the patient"),
        (["scans", "c", "--t1", "{patient}_{visit}.nii", "--t1ce", "{patient}.nii"], "{visit}"),
        (["scans", "c", "--t1", "{patient}_x.nii", "--t1ce", "{patient}_y.nii"], "No file matches"),
        (["nowhere", "c", "--t1", "{patient}_x.nii", "--t1ce", "{patient}_y.nii"], "no such folder"),
        (["t.tsv", "c"], "The columns patient, t1 and t1ce are missing"),
        (["t.tsv", "c", "--t1", "{patient}"], "a table alone"),
        (["scans", "c", *patterns(), "--label", "tumor=1"], "1=intrameatal"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, run, monkeypatch, arguments: list[str], words: str):
    scans(tmp_path / "scans", "P01_1")
    touch(tmp_path / "t.tsv", "subject\tt1\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*arguments)
    assert code == 2
    (line,) = err.splitlines()
    assert words in line
    assert not (tmp_path / "c").exists()


labels = st.text(st.sampled_from("abcXYZ0123456789"), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(labels, labels), min_size=1, max_size=5), st.sampled_from(["_", "-", "/", "/ses-", "_v."]))
def test_a_pattern_gives_back_the_labels_that_names_were_made_of(tmp_path_factory, studies, between):
    folder = tmp_path_factory.mktemp("names")
    for patient, session in studies:
        touch(folder / f"{patient}{between}{session}_t1 (1).nii.gz")
    found = find(folder, "{patient}" + between + "{session}_t1 (1).nii.gz")
    assert {(one.patient, one.session) for one in found} == studies


def test_a_place_that_comes_twice_is_the_same(tmp_path: Path):
    touch(tmp_path / "A/A_t1.nii")
    touch(tmp_path / "A/B_t1.nii")
    assert [one.patient for one in find(tmp_path, "{patient}/{patient}_t1.nii")] == ["A"]
    assert len(find(tmp_path, "{patient}/*_t1.nii")) == 2
    with pytest.raises(SettingsError):
        find(tmp_path, "*_t1.nii")
