# SPDX-License-Identifier: Apache-2.0
"""Protocols lie within the paper's Table 2 and can be read back from their sidecars."""

import json

import numpy as np
import pytest

from lessgad.cohort.acquisition import read_acquisition
from lessgad.cohort.sequence_class import sequence_class
from lessgad.dose.acquired_sequence import acquired_sequence
from lessgad.dose.relaxivity import AGENTS
from lessgad.phantom.patient import draw_patient
from lessgad.phantom.protocol import (
    COVERAGE_MM,
    FINEST_IN_PLANE_MM,
    SLICES_MM,
    TABLE_2,
    Spread,
    draw_protocol,
    n_slices,
)
from lessgad.phantom.sidecar import sidecar
from lessgad.volume import Volume

# METHOD: the ranges of Table 2 over T1 and T1ce, by (sequence, field): TE ms, TR ms, in-plane mm, slice mm.
RANGES = {
    ("SE", 1.0): ((20, 20), (546, 547), (0.45, 0.6), (3.0, 3.0)),
    ("SE", 1.5): ((6, 24), (370, 699), (0.32, 0.86), (1.0, 6.0)),
    ("SE", 3.0): ((7, 16), (400, 959), (0.27, 0.66), (1.0, 3.0)),
    ("GR", 1.0): ((6.7, 6.9), (23, 30), (0.35, 0.9), (1.2, 3.0)),
    ("GR", 1.5): ((2.4, 6.3), (8.6, 2200), (0.39, 1.0), (1.0, 6.0)),
    ("GR", 3.0): ((2.2, 4.7), (8.1, 25), (0.33, 0.94), (0.6, 3.0)),
}


def protocols(n=400):
    return [draw_protocol(np.random.default_rng(k), (k + 0.5) / n) for k in range(n)]


def test_parameters_lie_within_table_2():
    for protocol in protocols():
        te, tr, in_plane, thickness = RANGES[protocol.row.scanning_sequence[0], protocol.field_strength_t]
        assert te[0] <= protocol.sequence.echo_time_ms <= te[1]
        assert tr[0] - 1 <= protocol.sequence.repetition_time_ms <= tr[1]
        assert max(in_plane[0], 0.6) <= protocol.in_plane_mm <= in_plane[1]
        for slice_mm in (protocol.slice_mm, protocol.slice_ce_mm):
            assert max(thickness[0], SLICES_MM[0]) <= slice_mm <= min(thickness[1], SLICES_MM[1])


def test_medians_are_those_of_the_table():
    spread = Spread(550.0, 370.8, 698.9)
    drawn = [spread.at(quantile) for quantile in np.linspace(0, 1, 1001)]
    assert np.median(drawn) == pytest.approx(550.0)
    assert (min(drawn), max(drawn)) == (370.8, 698.9)


# METHOD: medians of the T1s of Table 2: TE ms, TR ms, in-plane mm, slice mm. Inversion is part of its 1.5 T row.
MEDIANS = {
    ("SE", 1.0): (20.0, 546.9, 0.45, 3.0),
    ("SE", 1.5): (10.0, 550.0, 0.37, 3.0),
    ("SE", 3.0): (9.0, 750.0, 0.35, 1.0),
    ("GR", 1.0): (6.9, 26.0, 0.47, 1.4),
    ("GR", 1.5): (4.6, 25.0, 0.59, 1.4),
    ("GR", 3.0): (3.7, 20.0, 0.63, 2.0),
}


@pytest.mark.parametrize("index", [k for k, row in enumerate(TABLE_2) if "IR" not in row.scanning_sequence])
def test_what_is_drawn_has_the_medians_of_table_2(index):
    """Neither side of the paper's median holds more than half of 400 draws, but for chance (3.3 SD)."""
    edges = np.cumsum([0.0] + [row.share for row in TABLE_2])
    quantile = float(edges[index : index + 2].mean() / edges[-1])
    drawn = [draw_protocol(np.random.default_rng(k), quantile) for k in range(400)]
    row = TABLE_2[index]
    assert all(protocol.row == row for protocol in drawn)
    te, tr, in_plane, thickness = MEDIANS[row.scanning_sequence[0], row.field_strength_t]
    for expected, values in (
        (te, [protocol.sequence.echo_time_ms for protocol in drawn]),
        (round(tr), [protocol.sequence.repetition_time_ms for protocol in drawn]),
        (max(in_plane, FINEST_IN_PLANE_MM), [protocol.in_plane_mm for protocol in drawn]),
        (float(np.clip(thickness, *SLICES_MM)), [protocol.slice_mm for protocol in drawn]),
    ):
        below, above = np.mean(np.array(values) < expected - 1e-9), np.mean(np.array(values) > expected + 1e-9)
        assert max(below, above) < 0.5 + 3.3 * 0.5 / 20


def test_shares_are_kept():
    rows = [protocol.row for protocol in protocols(1000)]
    total = sum(row.share for row in TABLE_2)
    for row in TABLE_2:
        assert rows.count(row) / len(rows) == pytest.approx(row.share / total, abs=0.002)


def test_a_slab_holds_the_largest_tumor():
    for slice_mm in (1.4, 2.0, 3.0):
        assert n_slices(slice_mm) * slice_mm >= COVERAGE_MM
        assert n_slices(slice_mm) >= 24


@pytest.mark.parametrize("number", range(1, 25))
def test_the_sidecar_leads_back_to_the_sequence(tmp_path, number):
    """Train timing is not in sidecars; all else is."""
    patient = draw_patient(number, 1)
    image = Volume(np.zeros((2, 2, 2), dtype=np.int16), np.diag([1.0, 1.0, patient.protocol.slice_mm, 1.0]))
    path = tmp_path / "sub-01_ce-gadolinium_T1w.nii.gz"
    path.with_name("sub-01_ce-gadolinium_T1w.json").write_text(json.dumps(sidecar(patient, image, 1.0)))
    acquisition = read_acquisition(path, tmp_path)
    found, true = acquired_sequence(acquisition), patient.protocol.sequence
    assert sequence_class(acquisition) is not None
    assert (found.kind, found.echo_time_ms, found.repetition_time_ms) == pytest.approx(
        (true.kind, true.echo_time_ms, true.repetition_time_ms)
    )
    assert found.flip_angle_rad == pytest.approx(true.flip_angle_rad, abs=1e-4)
    assert found.inversion_time_ms == pytest.approx(true.inversion_time_ms)
    assert acquisition.contrast_agent == patient.protocol.agent
    assert acquisition.field_strength_t == patient.protocol.field_strength_t


def test_before_contrast_no_agent_is_named():
    patient = draw_patient(1, 1)
    image = Volume(np.zeros((2, 2, 2), dtype=np.int16), np.eye(4))
    assert not [key for key in sidecar(patient, image, 0.0) if "Contrast" in key]
    assert sidecar(patient, image, 0.3)["ContrastBolusDoseFraction"] == 0.3


def test_no_patient_gets_an_agent_for_the_liver():
    agents = {draw_protocol(np.random.default_rng(seed), 0.5).agent for seed in range(300)}
    assert agents == set(AGENTS) - {"gadoxetate"}
