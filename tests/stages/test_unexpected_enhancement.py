# SPDX-License-Identifier: Apache-2.0
"""A measured low dose that contradicts its stated dose is a caution."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_doses import SPIN_ECHO, edit

from lessgad.engine.progress import NullProgress
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.unit_names import prepared, prepared_scan
from lessgad.experiment_report.unexpected_enhancement import (
    contradiction,
    share_of_enhancement,
    unexpected_enhancement,
)
from lessgad.pipeline.run import run_experiment


@given(st.floats(0, 1), st.integers(0, 1000))
def test_of_a_linear_mix_the_share_is_the_dose(dose, seed):
    rng = np.random.default_rng(seed)
    t1 = rng.uniform(-0.8, 0, 40)
    t1ce = t1 + rng.uniform(0.2, 0.9, 40)
    assert share_of_enhancement(t1, t1ce, t1 + dose * (t1ce - t1)) == pytest.approx(dose, abs=1e-9)


def test_nothing_is_said_without_enhancement_or_voxels():
    t1 = np.full(20, -0.5)
    assert share_of_enhancement(t1, t1 + 0.5, t1 + 0.1) == pytest.approx(0.2)
    assert share_of_enhancement(t1, t1 + 0.09, t1 + 0.1) is None
    assert share_of_enhancement(t1[:0], t1[:0], t1[:0]) is None


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (0.19, "the agent had not arrived. Its restored image is too dark"),
        (0.21, None),
        (0.59, None),
        (0.61, "beyond the peak of the signal. Its restored image is too bright"),
    ],
)
def test_a_fifth_of_the_enhancement_is_too_much(measured, words):
    said = contradiction(0.3, measured, 0.4)
    assert (said is None) == (words is None)
    assert said is None or (words in said and "30 % of the dose should show 40 %" in said)


def test_half_a_dose_that_is_called_a_tenth_is_found_and_an_honest_one_is_not(tiny, scanned):
    edit(scanned, low_dose="measured", simulation={"model": "signal_equation", "noise": "matched"})
    cohort = scanned.parent / "cohort"
    (cohort / "T1w.json").write_text(json.dumps(SPIN_ECHO))
    tiny.write_low_dose(cohort, "05", "", 0.5, "dose10")
    tiny.write_low_dose(cohort, "05", "", 0.5, "dose50")
    assert run_experiment(scanned, ["prepare"], NullProgress()) == []
    experiment = open_experiment(scanned, only_look=True)
    (study,) = (one for one in experiment.cohort.studies if one.patient == "05")
    scans = {prepared_scan(study, dose) for dose in (0.1, 0.5)}
    (caution,) = unexpected_enhancement(experiment, {prepared(study), *scans})
    assert caution.study == "sub-05_acq-dose10"
    assert "the stated dose is wrong" in caution.words
    assert unexpected_enhancement(experiment, scans) == []
    assert unexpected_enhancement(experiment, {prepared(study), prepared_scan(study, 0.5)}) == []
