# SPDX-License-Identifier: Apache-2.0
"""The cohort on disk."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from lessgad.cohort.bids import read_cohort
from lessgad.errors import CohortError, DoseError
from lessgad.phantom.cohort import write_cohort
from lessgad.volume import in_transverse_order, read_volume, same_grid


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    root = tmp_path_factory.mktemp("phantom") / "cohort"
    steps = []
    write_cohort(root, 2, seed=1, on_progress=lambda done, n: steps.append((done, n)), low_doses=(0.1,), dicom=True)
    assert steps == [(1, 2), (2, 2)]
    return root


def test_the_folder_is_bids(cohort):
    expected = {
        "dataset_description.json",
        "participants.tsv",
        "participants.json",
        "README",
        "derivatives",
        "sourcedata",
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
    scans = sorted(cohort.glob("sub-*/ses-*/anat/*_ses-?_ce-gadolinium_T1w.nii.gz"))
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
        assert before.array.shape[2] >= 24
        assert motion.shape == (4, 4)
        sidecar = json.loads(path.with_name(f"{stem}_ce-gadolinium_T1w.json").read_text())
        assert sidecar["ContrastBolusIngredient"] == "GADOLINIUM"
        assert sidecar["RepetitionTime"] < 3  # seconds
        assert "ContrastBolusIngredient" not in json.loads(path.with_name(f"{stem}_T1w.json").read_text())


def test_low_doses_are_scans_of_their_own_in_the_measured_form(cohort):
    anat = cohort / "sub-01" / "ses-1" / "anat"
    low = anat / "sub-01_ses-1_acq-dose10_ce-gadolinium_T1w.nii.gz"
    assert nibabel.load(low).get_data_dtype() == np.int16
    sidecar = json.loads((anat / low.name.replace(".nii.gz", ".json")).read_text())
    assert sidecar["ContrastBolusDoseFraction"] == 0.1
    truth = cohort / "derivatives" / "phantom" / "sub-01" / "ses-1" / "anat"
    motion = np.loadtxt(truth / "sub-01_ses-1_from-T1w_to-dose10T1w_mode-points_xfm.txt")
    assert motion.shape == (4, 4)
    assert not np.allclose(motion, np.eye(4))


def test_low_doses_are_not_taken_for_the_pair(cohort):
    found = read_cohort(cohort)
    assert [study.name for study in found.studies] == ["sub-01_ses-1", "sub-02_ses-1", "sub-02_ses-2"]
    assert found.unusable == ()
    assert all("acq-" not in study.standard_dose.name for study in found.studies)


@pytest.mark.slow
def test_the_bids_validator_finds_no_error(cohort):
    validator = Path(sys.executable).with_name("bids-validator-deno")
    done = subprocess.run([validator, "--json", cohort], capture_output=True, text=True, timeout=300, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
    assert done.returncode == 0


def test_dicom_holds_the_same_scans(cohort, tmp_path):
    """Patient 1 is scanned as GE, patient 2 as Philips would; tests/phantom/dicom has all three."""
    for patient in ("01", "02"):
        for series, name in (("01_t1", "T1w"), ("03_t1", "ce-gadolinium_T1w")):
            (folder,) = (cohort / "sourcedata" / "dicom" / patient / "1").glob(f"{series}*")
            out = tmp_path / patient / series
            out.mkdir(parents=True)
            subprocess.run(
                [sys.executable, "-m", "dcm2niix", "-o", out, "-f", "x", "-b", "n", folder],
                check=True,
                capture_output=True,
            )
            stem = f"sub-{patient}_ses-1"
            bids = in_transverse_order(
                read_volume(cohort / f"sub-{patient}" / "ses-1" / "anat" / f"{stem}_{name}.nii.gz")
            )
            dicom = in_transverse_order(read_volume(out / "x.nii"))
            np.testing.assert_allclose(dicom.array, bids.array, rtol=1e-6)
            np.testing.assert_allclose(dicom.affine, bids.affine, atol=2e-3)


@pytest.mark.parametrize("dose", [0.0, 1.0, 30.0])
def test_a_low_dose_is_between_none_and_all(tmp_path, dose):
    with pytest.raises(DoseError):
        write_cohort(tmp_path / "none", 1, low_doses=(dose,))
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_not_empty_is_refused(cohort, tmp_path):
    before = digests(cohort)
    with pytest.raises(CohortError, match="new or empty folder"):
        write_cohort(cohort, 1)
    assert digests(cohort) == before
    with pytest.raises(CohortError, match="must be 1 or above"):
        write_cohort(tmp_path / "none", 0)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CohortError, match="a file"):
        write_cohort(file, 1)


@pytest.mark.slow
def test_same_seed_same_bytes_however_many_workers(cohort, tmp_path):
    write_cohort(tmp_path / "again", 2, seed=1, n_workers=2, low_doses=(0.1,), dicom=True)
    assert digests(tmp_path / "again") == digests(cohort)


@pytest.mark.slow
def test_later_sessions_are_left_out_and_first_ones_stay_as_they_are(cohort, tmp_path):
    write_cohort(tmp_path / "short", 2, seed=1, low_doses=(0.1,), dicom=True, most_sessions=1)
    everything, short = digests(cohort), digests(tmp_path / "short")
    assert any("ses-2" in name for name in everything)
    assert short == {
        name: digest for name, digest in everything.items() if "ses-2" not in name and "/02/2/" not in name
    }


def test_another_seed_is_another_cohort(cohort, tmp_path):
    write_cohort(tmp_path / "other", 1, seed=2, low_doses=())
    name = "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz"
    assert digests(tmp_path / "other")[name] != digests(cohort)[name]


def test_a_killed_run_does_not_look_like_a_cohort(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("lessgad.phantom.cohort.scan_patient", fail)
    with pytest.raises(KeyboardInterrupt):
        write_cohort(tmp_path / "killed", 1)
    assert not (tmp_path / "killed" / "dataset_description.json").exists()
