# SPDX-License-Identifier: Apache-2.0
"""Exports that are not what they should be: one clear line, the rest goes on, nothing half-written."""

import shutil

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid
from small_export import change_files, files, write_export

from lessgad.cli.main import exit_code
from lessgad.volume import read_volume


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


def series(export, number):
    return next(folder for folder in sorted(export.iterdir()) if folder.name.startswith(f"{number:02d}"))


def test_nothing_to_import_is_one_line_and_no_folder(tmp_path, run):
    (tmp_path / "export").mkdir()
    assert "folder is empty" in run()[2]
    (tmp_path / "export" / "readme.txt").write_text("hello")
    code, _, err = run()
    assert (code, err.count("lessgad: ")) == (2, 1)
    assert "None of the 1 file(s) is DICOM" in err
    assert "no such folder" in run(source=tmp_path / "none")[2]
    assert not (tmp_path / "cohort").exists()
    assert not (tmp_path / "cohort-key.json").exists()


def test_what_is_no_t1_or_t2_is_named(tmp_path, export, run):
    def change(dataset):
        dataset.Modality = "CT"

    change_files(export, change)
    code, _, err = run()
    assert (code, (tmp_path / "cohort").exists(), (tmp_path / "cohort-key.json").exists()) == (2, False, False)
    assert "3 series: modality CT, not MR" in err


def test_localizers_and_secondary_captures_are_passed_over(export, run):
    kinds = {"LOCALIZER": "1.2.840.10008.5.1.4.1.1.4", "OTHER": "1.2.840.10008.5.1.4.1.1.7"}
    for number, (kind, sop) in enumerate(kinds.items()):
        added = shutil.copytree(series(export, 1), export / f"added{number}")
        uid = generate_uid()

        def change(dataset, kind=kind, sop=sop, uid=uid, number=number):
            dataset.SeriesInstanceUID, dataset.SOPInstanceUID = uid, generate_uid()
            dataset.ImageType = ["ORIGINAL", "PRIMARY", kind]
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop
            dataset.SeriesNumber = 90 + number

        change_files(added, change)
    code, out, _ = run("--dry-run")
    assert code == 0
    assert "a localizer" in out
    assert "Secondary Capture Image Storage, not an MR image" in out
    assert run()[0] == 0


def test_a_truncated_file_costs_its_series_and_no_other(export, run):
    victim = next(files(series(export, 2)))
    victim.write_bytes(victim.read_bytes()[:-20])
    code, out, err = run()
    assert (code, out.count(".nii.gz")) == (0, 2)
    assert "series 2 is left out: a truncated file among its 5 file(s)" in err


def test_a_file_cut_in_its_header_is_named(export, run):
    victim = next(files(series(export, 2)))
    victim.write_bytes(victim.read_bytes()[:700])
    _, out, err = run()
    assert "not read:" in err
    assert out.count("dose10") == 1  # four slices of five are left, and they are regular
    assert out.count(".nii.gz") == 3


def test_an_irregular_series_is_named_and_a_study_without_a_pair_too(export, run):
    sorted(series(export, 3).iterdir())[2].unlink()
    code, out, err = run()
    assert (code, out.count(".nii.gz")) == (1, 2)
    assert "series 3 is left out: The series is not a regular volume: 1 missing slice(s)" in err
    assert "no pair of T1 and T1ce, only T1w, acq-dose10_ce-gadolinium_T1w" in err


def test_an_unknown_transfer_syntax_is_named(export, run):
    for path in files(series(export, 2)):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.201"
        dataset.PixelData = pydicom.encaps.encapsulate([dataset.PixelData])
        dataset.save_as(path)
    code, out, err = run()
    assert (code, out.count(".nii.gz")) == (1, 2)
    assert "transfer syntax High-Throughput JPEG 2000" in err


def test_two_patients_under_one_series_uid(export, run):
    path = next(files(series(export, 2)))
    dataset = pydicom.dcmread(path)
    dataset.PatientID = "SOMEBODY-ELSE"
    dataset.save_as(path)
    code, out, _ = run("--dry-run")
    assert code == 0
    assert "images of two patients under one series UID" in out


def test_the_same_files_twice_and_other_layouts(tmp_path, export, run):
    flat = tmp_path / "flat"
    flat.mkdir()
    for copy in range(2):
        for number, path in enumerate(files(export)):
            shutil.copy(path, flat / f"{copy}{(7 * number) % 100:03d}")
    code, out, err = run(source=flat)
    assert (code, out.count(".nii.gz")) == (0, 3), err


def test_a_dicomdir_and_its_files(tmp_path, export, run):
    from pydicom.fileset import FileSet

    media = FileSet()
    for path in files(export):
        media.add(path)
    media.write(tmp_path / "media")
    assert (tmp_path / "media" / "DICOMDIR").is_file()
    code, out, err = run(source=tmp_path / "media")
    assert (code, out.count(".nii.gz")) == (0, 3), err
    assert "not read" not in err


def test_run_length_encoded_pixels_are_the_same_pixels(tmp_path, export, run):
    from pydicom.uid import RLELossless

    assert run()[0] == 0

    def change(dataset):
        dataset.compress(RLELossless, generate_instance_uid=False)

    change_files(export, change)
    shutil.move(tmp_path / "cohort", tmp_path / "plain")
    (tmp_path / "cohort-key.json").unlink()
    assert run()[0] == 0
    for kind in ("_T1w", "_ce-gadolinium_T1w"):
        plain, packed = (
            read_volume(next(path for path in (tmp_path / name).rglob(f"*ses-01{kind}.nii.gz")))
            for name in ("plain", "cohort")
        )
        np.testing.assert_array_equal(packed.array, plain.array)


def test_patients_without_an_identity_stay_apart(tmp_path, run):
    write_export(tmp_path / "export", (1, 3))

    def change(dataset):
        dataset.PatientID = dataset.PatientName = ""

    change_files(tmp_path / "export", change)
    assert run()[0] == 0
    assert len(list((tmp_path / "cohort").glob("sub-*"))) == 2
