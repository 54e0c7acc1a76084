# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lessgad.errors import DoseError, ModelError
from lessgad.restoration.intervals import (
    INTERVALS,
    IntervalCalibration,
    covering_factor,
    read_intervals,
    write_intervals,
)

CALIBRATION = IntervalCalibration(doses=(0.0, 0.5, 1.0), factors=(2.0, 1.0, 0.5), n_patients=3)


def test_factor_between_and_at_the_doses():
    assert [CALIBRATION.factor(dose) for dose in (0.0, 0.25, 0.5, 0.75, 1.0)] == [2.0, 1.5, 1.0, 0.75, 0.5]
    only = IntervalCalibration(doses=(0.1,), factors=(1.3,), n_patients=1)
    assert [only.factor(dose) for dose in (0.0, 0.1, 1.0)] == [1.3] * 3
    with pytest.raises(DoseError):
        CALIBRATION.factor(1.5)


@pytest.mark.parametrize("wrong", [{"factors": (1.0,)}, {"doses": (0.5, 0.0, 1.0)}, {"doses": (0.0, 0.0, 1.0)}])
def test_a_factor_for_each_dose(wrong):
    with pytest.raises(ValidationError):
        IntervalCalibration(**{**CALIBRATION.model_dump(), **wrong})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=30), min_size=1, max_size=5))
def test_it_covers_the_level_and_no_smaller_one_does(patients):
    scores = [np.array(values, dtype=np.float64) for values in patients]
    factor = covering_factor(scores, 0.9)

    def coverage(stretched):
        return np.mean([np.mean(values <= stretched) for values in scores])

    assert coverage(factor) >= 0.9 - 1e-9
    smaller = max((value for values in scores for value in values if value < factor), default=None)
    assert smaller is None or coverage(smaller) < 0.9 + 1e-9


def test_every_patient_counts_alike():
    calm, wild = np.full(10, 1.0), np.linspace(2, 3, 100_000)
    assert covering_factor([calm] * 9 + [wild], 0.9) == pytest.approx(1.0)
    assert covering_factor([calm, wild], 0.9) == pytest.approx(2.8, abs=1e-3)


def test_nothing_to_calibrate_on():
    with pytest.raises(ValueError, match="no voxel"):
        covering_factor([np.empty(0)])


def test_coverage_of_new_patients_is_the_level():
    """Split conformal: over many draws of validation and test patients, test voxels are covered as promised."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        spread = rng.lognormal(0, 0.15, 25)
        patients = [np.abs(rng.standard_normal(400)) * s for s in spread]
        factor = covering_factor(patients[:12], 0.9)
        covered.append(np.mean([np.mean(values <= factor) for values in patients[12:]]))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


def test_on_disk(tmp_path):
    assert read_intervals(tmp_path) is None
    write_intervals(tmp_path, CALIBRATION)
    assert read_intervals(tmp_path) == CALIBRATION
    for damage in ("doses: [0.1", "doses: 3", "- 1"):
        (tmp_path / INTERVALS).write_text(damage)
        with pytest.raises(ModelError, match=r"readable intervals\.yaml"):
            read_intervals(tmp_path)
