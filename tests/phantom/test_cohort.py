# SPDX-License-Identifier: Apache-2.0
"""The cohort on disk."""

import hashlib
import json

import numpy as np
import pytest

from lessgad.errors import CohortError
from lessgad.phantom.cohort import write_cohort
from lessgad.volume import read_volume, same_grid


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    root = tmp_path_factory.mktemp("phantom") / "cohort"
    steps = []
    write_cohort(root, 2, seed=1, on_progress=lambda done, n: steps.append((done, n)))
    assert steps == [(1, 2), (2, 2)]
    return root


def test_the_folder_is_bids(cohort):
    expected = {
        "dataset_description.json",
        "participants.tsv",
        "participants.json",
        "README",
        "derivatives",
        "sub-01",
        "sub-02",
    }
    assert {path.name for path in cohort.iterdir()} == expected
    rows = (cohort / "participants.tsv").read_text().splitlines()
    assert rows[0] == "participant_id\tage\tsex"
    assert [row.split("\t")[0] for row in rows[1:]] == ["sub-01", "sub-02"]
    assert json.loads((cohort / "dataset_description.json").read_text())["DatasetType"] == "raw"
    dseg = (cohort / "derivatives" / "phantom" / "dseg.tsv").read_text()
    assert dseg == "index\tname\n1\tintrameatal\n2\textrameatal\n"
    assert not list(cohort.rglob(".tmp-*"))


def test_each_study_is_whole(cohort):
    scans = sorted(cohort.glob("sub-*/ses-*/anat/*_ce-gadolinium_T1w.nii.gz"))
    assert len(scans) == 3
    for path in scans:
        before = read_volume(path.with_name(path.name.replace("_ce-gadolinium", "")))
        after = read_volume(path)
        folder = cohort / "derivatives" / "phantom" / path.parent.relative_to(cohort)
        stem = path.name.removesuffix("_ce-gadolinium_T1w.nii.gz")
        mask = read_volume(folder / f"{stem}_space-T1w_dseg.nii.gz", labels=True)
        motion = np.loadtxt(folder / f"{stem}_from-T1w_to-ceT1w_mode-points_xfm.txt")
        assert same_grid(before, mask)
        assert not same_grid(before, after)
        assert before.array.shape[2] >= 28
        assert motion.shape == (4, 4)
        sidecar = json.loads(path.with_name(f"{stem}_ce-gadolinium_T1w.json").read_text())
        assert sidecar["ContrastBolusIngredient"] == "GADOLINIUM"
        assert sidecar["RepetitionTime"] < 1  # seconds
        assert "ContrastBolusIngredient" not in json.loads(path.with_name(f"{stem}_T1w.json").read_text())


def test_a_folder_that_is_not_empty_is_refused(cohort, tmp_path):
    before = digests(cohort)
    with pytest.raises(CohortError, match="new or empty folder"):
        write_cohort(cohort, 1)
    assert digests(cohort) == before
    with pytest.raises(CohortError, match="at least one patient"):
        write_cohort(tmp_path / "none", 0)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CohortError, match="a file"):
        write_cohort(file, 1)


@pytest.mark.slow
def test_same_seed_same_bytes_however_many_workers(cohort, tmp_path):
    write_cohort(tmp_path / "again", 2, seed=1, n_workers=2)
    assert digests(tmp_path / "again") == digests(cohort)


@pytest.mark.slow
def test_another_seed_is_another_cohort(cohort, tmp_path):
    write_cohort(tmp_path / "other", 1, seed=2)
    name = "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz"
    assert digests(tmp_path / "other")[name] != digests(cohort)[name]


def test_a_killed_run_does_not_look_like_a_cohort(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("lessgad.phantom.cohort.scan_patient", fail)
    with pytest.raises(KeyboardInterrupt):
        write_cohort(tmp_path / "killed", 1)
    assert not (tmp_path / "killed" / "dataset_description.json").exists()
