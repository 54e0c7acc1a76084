# SPDX-License-Identifier: Apache-2.0
"""Sidecars say how a scan was made, and nothing of the truth that an experiment should find."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from lessgad.cohort.acquisition import read_acquisition
from lessgad.cohort.sequence_class import difference
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.phantom.patient import draw_patient
from lessgad.phantom.sidecar import sidecar
from lessgad.volume import Volume

IMAGE = Volume(np.zeros((2, 2, 2), dtype=np.int16), np.diag([0.6, 0.6, 1.4, 1.0]))
NUMBERS = range(1, 41)
SCANNER = {
    *("Modality", "MagneticFieldStrength", "ScanningSequence", "SequenceVariant", "MRAcquisitionType"),
    *("RepetitionTime", "EchoTime", "FlipAngle", "InversionTime", "EchoTrainLength", "SliceThickness"),
}
CONTRAST = {"ContrastBolusIngredient", "ContrastBolusAgent", "ContrastBolusDoseFraction"}


def read_back(folder, fields):
    folder.mkdir(exist_ok=True)
    (folder / "sub-1_T1w.json").write_text(json.dumps(fields))
    return read_acquisition(folder / "sub-1_T1w.nii.gz", folder)


@pytest.mark.parametrize("number", NUMBERS)
def test_scans_of_a_session_differ_in_contrast_alone(tmp_path, number):
    patient = draw_patient(number, 1)
    said = {dose: sidecar(patient, IMAGE, dose) for dose in (0.0, 0.1, 1.0)}
    assert said[0.0].keys() <= SCANNER
    for dose in (0.1, 1.0):
        assert said[dose].keys() - said[0.0].keys() == CONTRAST
        assert {key: said[dose][key] for key in said[0.0]} == said[0.0]
        assert said[dose]["ContrastBolusDoseFraction"] == dose
    before, after = (read_back(tmp_path / str(dose), said[dose]) for dose in (0.0, 1.0))
    assert difference(before, after) is None
    assert (before.contrast_agent, after.contrast_agent) == (None, patient.protocol.agent)


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_of_the_patient_is_told(number):
    """Other tissue, tumor, head and noise behind the same protocol give the same sidecar."""
    patient = draw_patient(number, 1)
    tumors = tuple(replace(tumor, uptake_mm=0.5, diameter_mm=3.0) for tumor in patient.tumors)
    other = replace(patient, number=number + 40, age=30, sex="F", tumors=tumors, seed=(9, 9))
    assert sidecar(other, IMAGE, 1.0) == sidecar(patient, IMAGE, 1.0)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_protocol_has_a_dose_curve_near_to_that_of_its_true_sequence(tmp_path, number):
    """It is that very one, but for trains after an inversion: sidecars leave out how these are timed."""
    protocol = draw_patient(number, 1).protocol
    found = dose_curve(read_back(tmp_path, sidecar(draw_patient(number, 1), IMAGE, 1.0)), SimulationSettings())
    assert isinstance(found, DoseCurve), found
    true = replace(found, sequence=protocol.sequence)
    assert math.isclose(found.sequence.flip_angle_rad, protocol.sequence.flip_angle_rad, rel_tol=1e-4)
    ratio = np.linspace(1, min(found.largest_ratio, true.largest_ratio, 2.5), 20)
    within = 0.025 if "inversion" in found.sequence.kind else 1e-12
    for dose in (0.1, 0.5):
        np.testing.assert_allclose(found.low_dose_ratio(ratio, dose), true.low_dose_ratio(ratio, dose), rtol=within)
