# SPDX-License-Identifier: Apache-2.0
"""Whole sessions as DICOM: the protocols of a cohort, through dcm2niix, beside what BIDS says of the same scans."""

import json
import subprocess
import sys

import numpy as np
import pydicom
import pytest

from lessgad.dose.standard_dose import standard_volume_ml
from lessgad.phantom.dicom.session import VENDORS, WEIGHT_KG, write_dicom_session
from lessgad.phantom.patient import draw_patient
from lessgad.phantom.scanner import Scan, ScannedSession
from lessgad.phantom.sidecar import sidecar
from lessgad.volume import Volume, in_transverse_order, read_volume

DOSES = (0.0, 0.1, 1.0)
COMPARED = (
    *("MagneticFieldStrength", "RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "EchoTrainLength"),
    "SliceThickness",
)


def study_of(patient):
    """A session of noise, a few voxels large."""
    rng = np.random.default_rng(patient.number)
    protocol = patient.protocol
    scans = {}
    for dose in DOSES:
        thickness = protocol.slice_mm if dose == 0 else protocol.slice_ce_mm
        affine = np.diag([protocol.in_plane_mm, protocol.in_plane_mm, thickness, 1.0])
        affine[:3, 3] = rng.uniform(-20, 20, 3)
        scans[dose] = Scan(Volume(rng.integers(0, 2000, (10, 8, 5)).astype(np.int16), affine), np.eye(4), 1.0)
    return ScannedSession(scans, Volume(np.zeros((10, 8, 5), dtype=np.uint8), scans[0.0].image.affine))


def dcm2niix(folder, out):
    out.mkdir(parents=True)
    command = [sys.executable, "-m", "dcm2niix", "-z", "n", "-f", "image", "-o", str(out), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return out / "image.nii", json.loads((out / "image.json").read_text())


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """Twelve patients, so that all vendors meet all kinds of sequence."""
    root = tmp_path_factory.mktemp("dicom")
    made = {}
    for patient in [draw_patient(number, 1) for number in range(1, 13)]:
        made[patient.number] = (patient, study_of(patient))
        write_dicom_session(root, *made[patient.number], f"{patient.number:02d}", 1)
    return root, made


def series_of(sessions, number):
    """Folder, dose, patient and scan of each series of a patient."""
    root, made = sessions
    patient, study = made[number]
    folders = sorted((root / f"{number:02d}" / "1").iterdir())
    return [(folder, dose, patient, scan) for folder, (dose, scan) in zip(folders, study.scans.items(), strict=True)]


def header(folder):
    return pydicom.dcmread(sorted(folder.iterdir())[0])


def test_all_vendors_and_kinds_are_there(sessions):
    _, made = sessions
    vendors = {VENDORS[number % len(VENDORS)] for number in made}
    assert vendors == set(VENDORS)
    assert len({patient.protocol.sequence.kind for patient, _ in made.values()}) == 3


@pytest.mark.parametrize("number", range(1, 13))
def test_dcm2niix_gives_back_the_scans_and_what_bids_says_of_them(sessions, tmp_path, number):
    for folder, dose, patient, scan in series_of(sessions, number):
        path, found = dcm2niix(folder, tmp_path / folder.name)
        image = in_transverse_order(read_volume(path))
        np.testing.assert_array_equal(image.array, scan.image.array)
        np.testing.assert_allclose(image.affine, scan.image.affine, atol=2e-3)
        expected = sidecar(patient, scan.image, dose)
        numbers = [{key: said[key] for key in COMPARED if key in said} for said in (found, expected)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-4), patient.protocol
        assert found["MRAcquisitionType"] == expected["MRAcquisitionType"]
        assert set(found["ScanningSequence"].split("\\")) == set(expected["ScanningSequence"].split("_"))


def test_one_session_is_one_dicom_study_of_one_patient(sessions):
    _, made = sessions
    studies = []
    for number in made:
        headers = [header(folder) for folder, *_ in series_of(sessions, number)]
        for keyword in ("StudyInstanceUID", "PatientID", "FrameOfReferenceUID", "StudyDate"):
            assert len({one[keyword].value for one in headers}) == 1, keyword
        assert [one.SeriesNumber for one in headers] == [1, 2, 3]
        assert len({one.SeriesInstanceUID for one in headers}) == 3
        studies.append(headers[0].StudyInstanceUID)
    assert len(set(studies)) == len(made)


def test_agent_and_volume_follow_the_dose(sessions):
    _, made = sessions
    for number in made:
        for folder, dose, patient, _ in series_of(sessions, number):
            one = header(folder)
            (one,) = one.get("ContrastBolusAgentSequence", [one])
            if dose == 0:
                assert "ContrastBolusVolume" not in one
                continue
            assert one.ContrastBolusVolume == pytest.approx(
                dose * standard_volume_ml(patient.protocol.agent, WEIGHT_KG)
            )
            named = one.get("ContrastBolusAgent") or one.CodeMeaning
            assert named == patient.protocol.agent


def test_two_sessions_are_two_studies(tmp_path):
    patient = draw_patient(2, 1)
    for session in (1, 2):
        write_dicom_session(tmp_path, patient, study_of(patient), "02", session)
    one, two = (header(sorted((tmp_path / "02" / str(session)).iterdir())[0]) for session in (1, 2))
    assert one.StudyInstanceUID != two.StudyInstanceUID
    assert one.PatientID == two.PatientID
    assert one.StudyDate < two.StudyDate


def test_two_cohorts_share_no_identifier(tmp_path):
    uids = []
    for seed in (1, 2):
        patient = draw_patient(1, seed)
        write_dicom_session(tmp_path / str(seed), patient, study_of(patient), "01", 1)
        first = header(sorted((tmp_path / str(seed) / "01" / "1").iterdir())[0])
        uids.append({first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID})
    assert not uids[0] & uids[1]
