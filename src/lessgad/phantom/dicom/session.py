# SPDX-License-Identifier: Apache-2.0
"""The scans of one session of a phantom's patient as DICOM, in the conventions of one vendor."""

from __future__ import annotations

import math
from pathlib import Path

from lessgad.dose.standard_dose import standard_volume_ml
from lessgad.dose_fraction import percent
from lessgad.phantom.dicom.scan import DicomScan, Vendor
from lessgad.phantom.dicom.series import write_series
from lessgad.phantom.patient import Patient
from lessgad.phantom.scanner import ScannedSession

VENDORS: tuple[Vendor, ...] = ("siemens", "ge", "philips")
WEIGHT_KG = 75.0  # that volumes are injected for


def write_dicom_session(root: Path, patient: Patient, study: ScannedSession, label: str, session: int) -> None:
    """Write each scan of a session as a series of its own; a patient's scanner is of one vendor, by turns.

    Args:
        root: Folders PATIENT/SESSION/SERIES are made in it.
        patient: The patient.
        study: The scans.
        label: Label of the patient, without ``sub-``.
        session: 1 for the first.
    """
    for series_number, (dose, scan) in enumerate(study.scans.items(), start=1):
        series = _series(patient, dose, label, session, series_number)
        write_series(root / label / str(session) / f"{series_number:02d}_{series.description}", scan.image, series)


def _series(patient: Patient, dose: float, label: str, session: int, series_number: int) -> DicomScan:
    protocol = patient.protocol
    sequence = protocol.sequence
    kind = {"spin_echo": "se", "gradient_echo": "fl", "inversion_gradient_echo": "mpr"}[sequence.kind]
    contrast = "" if dose == 0 else "_ce" if dose == 1 else f"_ce_{percent(dose).replace(' %', 'pc')}"
    return DicomScan(
        vendor=VENDORS[patient.number % len(VENDORS)],
        patient_label=label,
        patient_sex=patient.sex,
        patient_age=patient.age,
        session=session,
        series_number=series_number,
        description=f"t1_{kind}_tra{contrast}",
        field_strength_t=protocol.field_strength_t,
        scanning_sequence=protocol.row.scanning_sequence,
        mr_acquisition_type="3D" if protocol.is_3d else "2D",
        repetition_time_ms=sequence.repetition_time_ms,
        echo_time_ms=sequence.echo_time_ms,
        flip_angle_deg=round(math.degrees(sequence.flip_angle_rad), 3),
        inversion_time_ms=sequence.inversion_time_ms or None,
        echo_train_length=sequence.n_pulses if sequence.kind == "spin_echo" and sequence.n_pulses > 1 else None,
        contrast_agent=protocol.agent if dose > 0 else None,
        contrast_volume_ml=dose * standard_volume_ml(protocol.agent, WEIGHT_KG) if dose > 0 else None,
        uid_seed=f"phantom {patient.seed[0]}",
    )
