# SPDX-License-Identifier: Apache-2.0
"""Small exports of three vendors, and ways to change them; a session takes a tenth of a second."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom

from lessgad.dicom.series import Contrast, DicomFrame, PatientHeader, SeriesHeader
from lessgad.phantom.dicom.session import write_dicom_session
from lessgad.phantom.patient import Patient, draw_patient
from lessgad.phantom.scanner import Scan, ScannedSession
from lessgad.volume import Volume

DOSES = (0.0, 0.1, 1.0)
MR = "1.2.840.10008.5.1.4.1.1.4"


def study_of(patient: Patient, session: int = 1) -> ScannedSession:
    """A session of noise, a few voxels large, on grids that differ as the protocol says."""
    rng = np.random.default_rng((patient.number, session))
    protocol = patient.protocol
    scans = {}
    for dose in DOSES:
        thickness = protocol.slice_mm if dose == 0 else protocol.slice_ce_mm
        affine = np.diag([protocol.in_plane_mm, protocol.in_plane_mm, thickness, 1.0])
        affine[:3, 3] = rng.uniform(-20, 20, 3)
        scans[dose] = Scan(Volume(rng.integers(0, 2000, (10, 8, 5)).astype(np.int16), affine), np.eye(4), 1.0)
    return ScannedSession(scans, Volume(np.zeros((10, 8, 5), dtype=np.uint8), scans[0.0].image.affine))


def write_export(
    root: Path, numbers: tuple[int, ...] = (1, 2, 3), sessions: int = 1
) -> dict[tuple[int, int], ScannedSession]:
    """Write sessions of phantoms; patients 1, 2 and 3 are of GE, Philips and Siemens."""
    made = {}
    for number in numbers:
        patient = draw_patient(number, 1)
        for session in range(1, sessions + 1):
            made[number, session] = study_of(patient, session)
            write_dicom_session(root, patient, made[number, session], f"{number:02d}", session)
    return made


def change_files(folder: Path, change: Callable[[pydicom.Dataset], None]) -> None:
    """Read, change and write every DICOM file of a folder."""
    for path in files(folder):
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in order."""
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))


def header(**changes: object) -> SeriesHeader:
    """The header of a T1 of a Siemens scanner, changed."""
    usual: dict[str, object] = {
        "patient": PatientHeader("|1", "F", 50.0, 70.0),
        "study_uid": "1.2.3",
        "series_uid": "1.2.3.4",
        "number": 1,
        "description": "t1_tse_tra",
        "protocol": "",
        "modality": "MR",
        "sop_class_uid": MR,
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "image_type": ("ORIGINAL", "PRIMARY", "M", "ND"),
        "manufacturer": "Siemens",
        "scanning_sequence": ("SE",),
        "sequence_variant": ("SK",),
        "scan_options": (),
        "is_3d": False,
        "field_strength_t": 1.5,
        "echo_train_length": 3,
        "repetition_time_ms": 550.0,
        "echo_time_ms": 10.0,
        "inversion_time_ms": None,
        "flip_angle_deg": 90.0,
        "contrast": Contrast(),
    }
    return SeriesHeader(**{**usual, **changes})


def frames(count: int = 5, spacing_mm: float = 3.0, **changes: object) -> tuple[DicomFrame, ...]:
    """Transverse slices in order from the feet up."""
    usual: dict[str, object] = {
        "path": Path("file"),
        "sop_class_uid": MR,
        "sop_instance_uid": "1",
        "number": None,
        "shape": (8, 10),
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "pixel_spacing_mm": (0.5, 0.5),
        "spacing_mm": spacing_mm,
    }
    places = [(-20.0, -15.0, index * spacing_mm) for index in range(count)]
    return tuple(DicomFrame(**{**usual, "position_mm": place, **changes}) for place in places)
