# SPDX-License-Identifier: Apache-2.0
"""An export of three vendors becomes the cohort that the phantom is; nothing in it tells who was scanned."""

import gzip
import json
import stat
import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import DicomDictionary, keyword_for_tag
from small_export import change_files, files, write_export

from lessgad.cli.main import exit_code
from lessgad.cohort.acquisition import read_acquisition
from lessgad.cohort.bids import read_cohort
from lessgad.phantom.cohort import image_name
from lessgad.phantom.patient import draw_patient
from lessgad.phantom.sidecar import sidecar
from lessgad.volume import read_volume

CANARY = "CANARY"
IDENTIFYING_GROUPS = (0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040, 0x4008)
FREE_TEXT = {"PN", "LO", "SH", "LT", "ST", "UT", "UC", "AE"}
#: Values that decide what a series is; a canary is added to them, the others are replaced.
READ = ("SeriesDescription", "ProtocolName", "ContrastBolusAgent", "Manufacturer", "PatientID", "CodeMeaning")


def run(capfd, *arguments):
    code = exit_code(["import-dicom", *map(str, arguments)])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def key_of(cohort):
    return json.loads(cohort.with_name(f"{cohort.name}-key.json").read_text())["patients"]


def study_in(cohort, number, session):
    """The imported study of a phantom, found through the key."""
    patients = {identity.split("|")[1].split(" ")[0]: entry for identity, entry in key_of(cohort).items()}
    entry = patients[f"PHANTOM-{number:02d}"]
    return cohort / f"sub-{entry['subject']}" / f"ses-{session:02d}" / "anat"


def assert_is_the_phantom(cohort, made):
    for (number, session), study in made.items():
        patient = draw_patient(number, 1)
        for dose, scan in study.scans.items():
            (path,) = (
                found
                for found in study_in(cohort, number, session).glob("*.nii.gz")
                if found.name.split("_", 2)[2] == f"{image_name(dose)}.nii.gz"
            )
            image = read_volume(path)
            np.testing.assert_array_equal(image.array, scan.image.array)
            np.testing.assert_allclose(image.affine, scan.image.affine, atol=1e-3)
            told = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
            truth = sidecar(patient, scan.image, dose)
            codes = {name: set(str(truth.pop(name)).split("_")) for name in ("ScanningSequence", "SequenceVariant")}
            numbers = {name: value for name, value in truth.items() if not isinstance(value, str)}
            assert {name: told.get(name) for name in numbers} == pytest.approx(numbers, rel=1e-4)
            assert {name: told.get(name) for name in truth.keys() - numbers.keys()}.items() <= truth.items()
            assert codes["ScanningSequence"] == set(told["ScanningSequence"].split("_"))
            assert read_acquisition(path, cohort).contrast_agent == truth.get("ContrastBolusAgent")


def test_the_imported_cohort_is_the_phantom(tmp_path, capfd):
    made = write_export(tmp_path / "export", sessions=2)
    cohort = tmp_path / "cohort"
    code, _, err = run(capfd, tmp_path / "export", cohort)
    assert code == 0, err
    assert_is_the_phantom(cohort, made)
    read = read_cohort(cohort)
    assert (len(read.studies), len(read.patients), read.unusable) == (6, 3, ())
    assert all(set(study.low_doses) == {"dose10"} for study in read.studies)


def test_it_is_idempotent_and_a_second_import_adds_sessions(tmp_path, capfd):
    write_export(tmp_path / "one", (3,))
    write_export(tmp_path / "two", (3, 4), sessions=2)
    cohort = tmp_path / "cohort"
    assert run(capfd, tmp_path / "one", cohort)[0] == 0
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(cohort) if path.suffix != ".tsv"}
    tables = {path: path.read_bytes() for path in files(cohort) if path.suffix == ".tsv"}
    code, out, _ = run(capfd, tmp_path / "one", cohort)
    assert (code, out.count("(was there)")) == (0, 3)
    assert {path: path.read_bytes() for path in tables} == tables
    assert run(capfd, tmp_path / "two", cohort)[0] == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert len(read_cohort(cohort).studies) == 4
    rows = [path.read_text().splitlines() for path in cohort.glob("sub-*/*_sessions.tsv")]
    assert [len(row) for row in rows] == [3, 3]
    for _, first, second in rows:
        times = [np.datetime64(line.split("\t")[1]) for line in (first, second)]
        assert times[0] < np.datetime64("1925-01-01")
        assert times[1] - times[0] == np.timedelta64(366, "D")  # 2012 is a leap year, and the phantom comes once a year


def plant(dataset):
    """Put a canary into every attribute that holds text, and into some with codes; dates and UIDs are their own."""
    for element in list(dataset.iterall()):
        if element.VR in FREE_TEXT and not element.tag.is_private_creator:
            kept = f"{element.value} " if element.keyword in READ else ""
            element.value = f"{kept}{CANARY}"[:64]
    for tag, (vr, multiplicity, _, retired, keyword) in DicomDictionary.items():
        free = vr in FREE_TEXT and tag >> 16 in IDENTIFYING_GROUPS and keyword_for_tag(tag)
        if free and tag not in dataset and not keyword.startswith("ContrastBolus") and not retired:
            dataset.add_new(tag, vr, CANARY if multiplicity.startswith("1") else [CANARY, CANARY])
    dataset.ScanOptions = ["FS", CANARY]
    dataset.SequenceVariant = ["SP", CANARY]
    dataset.private_block(0x0031, f"{CANARY} PRIVATE", create=True).add_new(0x01, "LO", CANARY)
    dataset.preamble = (CANARY * 30).encode()[:128]


def test_no_canary_leaves_the_export(tmp_path, capfd):
    made = write_export(tmp_path / "export")
    secrets = {CANARY.encode()}
    change_files(tmp_path / "export", plant)
    for number, path in enumerate(files(tmp_path / "export")):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        secrets |= {str(dataset[name].value).encode() for name in ("StudyInstanceUID", "SOPInstanceUID", "StudyDate")}
        path.rename(path.with_name(f"{CANARY}{number}"))
    (tmp_path / "export").rename(tmp_path / f"{CANARY}^export")
    cohort = tmp_path / "cohort"
    code, out, err = run(capfd, tmp_path / f"{CANARY}^export", cohort)
    assert code == 0, err
    written = [path.relative_to(tmp_path).as_posix().encode() for path in cohort.rglob("*")]
    for path in files(cohort):
        content = path.read_bytes()
        written.append(gzip.decompress(content) if path.suffix == ".gz" else content)
    for place in (*written, out.encode(), err.encode()):
        assert not [secret for secret in secrets if secret in place]
    key = cohort.with_name("cohort-key.json")
    assert CANARY in key.read_text()  # the key is where it belongs
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert_is_the_phantom(cohort, made)
    assert json.loads(next(cohort.rglob("*T1w.json")).read_text())["ScanOptions"] == "FS"


def test_the_canary_test_would_find_one(tmp_path):
    write_export(tmp_path, (3,))
    change_files(tmp_path, plant)
    dataset = pydicom.dcmread(next(files(tmp_path)))
    planted = {element.keyword for element in dataset if CANARY in str(element.value)}
    assert len(planted) > 200
    assert planted >= {"PatientName", "PatientID", "InstitutionName", "DeviceSerialNumber", "OperatorsName", "StudyID"}


def test_ages_over_89_sex_and_unknown_ones(tmp_path, capfd):
    write_export(tmp_path / "export", (1, 2, 3, 4))
    ages = {"01": "090Y", "02": "089Y", "03": "", "04": "101Y"}
    for label, age in ages.items():

        def change(dataset, age=age):
            dataset.PatientAge = age
            dataset.PatientBirthDate = ""
            dataset.PatientSex = "" if age == "" else "F"

        change_files(tmp_path / "export" / label, change)
    cohort = tmp_path / "cohort"
    assert run(capfd, tmp_path / "export", cohort)[0] == 0
    subjects = {identity[-2:]: entry["subject"] for identity, entry in key_of(cohort).items()}
    rows = dict(line.split("\t", 1) for line in (cohort / "participants.tsv").read_text().splitlines()[1:])
    assert {label: rows[f"sub-{subject}"] for label, subject in subjects.items()} == {
        "01": "90+\tF",
        "02": "89\tF",
        "03": "n/a\tn/a",
        "04": "90+\tF",
    }
    validator = Path(sys.executable).with_name("bids-validator-deno")
    told = subprocess.run([validator, cohort, "--json"], capture_output=True, text=True, check=False)
    issues = json.loads(told.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []
    assert issues  # it recommends fields that this import leaves out on purpose


def test_a_dry_run_writes_nothing_and_says_why(tmp_path, capfd):
    write_export(tmp_path / "export", (3,))
    before = sorted(tmp_path.rglob("*"))
    code, out, _ = run(capfd, tmp_path / "export", tmp_path / "cohort", "--dry-run")
    assert (code, sorted(tmp_path.rglob("*"))) == (0, before)
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[3] for row in rows[1:]] == ["T1w", "acq-dose10_ce-gadolinium_T1w", "ce-gadolinium_T1w"]
    assert all(row[4] for row in rows)
    assert "contrast tags, 1.5 of 15 ml" in rows[2][4]


def test_pseudonyms_are_drawn_not_computed(tmp_path, capfd):
    write_export(tmp_path / "export", (3,))
    for name in ("one", "two"):
        assert run(capfd, tmp_path / "export", tmp_path / name)[0] == 0
    one, two = (next(iter(key_of(tmp_path / name).values())) for name in ("one", "two"))
    assert one["subject"] != two["subject"]
    assert one["shift_days"] != two["shift_days"] or one["shift_seconds"] != two["shift_seconds"]
    assert set(one["subject"]) <= set(string.ascii_lowercase + string.digits)
