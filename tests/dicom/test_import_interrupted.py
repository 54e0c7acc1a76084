# SPDX-License-Identifier: Apache-2.0
"""Imports into folders that are not empty, that are interrupted, or whose disk is full: nothing is lost or replaced."""

import errno
import json

import numpy as np
import pytest
from small_export import write_export

from lessgad.cli.main import exit_code


@pytest.fixture
def run(tmp_path, capfd):
    def call(*more, source=None):
        code = exit_code(
            ["import-dicom", str(source or tmp_path / "export"), str(tmp_path / "cohort"), *map(str, more)]
        )
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert "internal error" not in err
        return code, out, err

    return call


@pytest.fixture
def export(tmp_path):
    """One session of a Siemens scanner: 1 T1, 2 low dose, 3 T1ce."""
    write_export(tmp_path / "export", (3,))
    return tmp_path / "export" / "03" / "1"


@pytest.mark.usefixtures("export")
def test_a_folder_with_something_else_is_left_alone(tmp_path, run):
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "mine.txt").write_text("mine")
    code, _, err = run()
    assert code == 2
    assert "Choose a new or empty folder" in err
    assert [path.name for path in (tmp_path / "cohort").iterdir()] == ["mine.txt"]


@pytest.mark.usefixtures("export")
def test_an_image_that_the_user_put_there_is_kept(tmp_path, run):
    assert run()[0] == 0
    (image,) = (tmp_path / "cohort").rglob("*_ses-01_T1w.nii.gz")
    key = tmp_path / "cohort-key.json"
    entries = json.loads(key.read_text())
    (patient,) = entries["patients"].values()
    (session,) = patient["sessions"].values()
    del session["images"]["T1w"]
    key.write_text(json.dumps(entries))
    image.write_bytes(b"mine")
    code, _, err = run()
    assert code == 1
    assert "the cohort has such an image from elsewhere" in err
    assert image.read_bytes() == b"mine"


@pytest.mark.usefixtures("export")
def test_an_import_that_was_interrupted_goes_on(tmp_path, run, monkeypatch):
    from lessgad.dicom import import_cohort

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_cohort, "write_volume", killed)
        assert run()[0] == 130
    assert list((tmp_path / "cohort").rglob("*.nii.gz")) == []
    subject = next((tmp_path / "cohort").glob("sub-*"))
    assert run()[0] == 0
    assert [path.name for path in (tmp_path / "cohort").glob("sub-*")] == [subject.name]
    assert len(list(subject.rglob("*.nii.gz"))) == 3


@pytest.mark.usefixtures("export")
def test_a_key_inside_the_cohort_or_a_damaged_one(tmp_path, run):
    assert "key file lies inside the cohort" in run("--key", tmp_path / "cohort" / "key.json")[2]
    (tmp_path / "cohort-key.json").write_text("{")
    code, _, err = run()
    assert code == 2
    assert "Restore it from a backup" in err
    assert (tmp_path / "cohort-key.json").read_text() == "{"
    assert not (tmp_path / "cohort").exists()


@pytest.mark.usefixtures("export")
def test_a_disk_that_is_full(tmp_path, run, monkeypatch):

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nibabel.nifti1.Nifti1Image.to_stream", full)
    code, _, err = run()
    assert code == 2
    assert "no space left on device" in err
    assert [path for path in (tmp_path / "cohort").rglob("*") if ".nii" in path.name] == []


@pytest.mark.usefixtures("export")
def test_dcm2niix_that_sees_another_grid_is_not_believed(run, monkeypatch):
    from lessgad.dicom import nifti_conversion
    from lessgad.volume import Volume

    real = nifti_conversion.read_volume

    def turned(path):
        volume = real(path)
        return Volume(volume.array, np.diag([1.0, 1.0, 1.1, 1.0]) @ volume.affine)

    monkeypatch.setattr(nifti_conversion, "read_volume", turned)
    code, out, err = run()
    assert (code, out.count(".nii.gz")) == (1, 0)
    assert "grid that dcm2niix wrote" in err
