# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lessgad.errors import DoseError, ModelError
from lessgad.restoration.conformal_intervals import (
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
@given(st.lists(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=30), min_size=1, max_size=5), st.randoms())
def test_it_covers_the_level_of_those_it_was_found_on(patients, shuffler):
    scores = [np.array(values, dtype=np.float64) for values in patients]
    factor = covering_factor(scores, 0.9)
    assert np.mean([np.mean(values <= factor) for values in scores]) >= 0.9 - 1e-3  # 2,000 quantiles stand for each
    assert factor <= max(values.max() for values in scores)
    shuffler.shuffle(scores)
    assert covering_factor(scores, 0.9) == factor


def test_the_order_of_patients_does_not_matter_where_the_level_is_met_exactly():
    """(1 + 0.8 + 1 + 0.8)/4 is 0.9, or less by the last digit, as the sum goes."""
    same, spread = np.array([0.0]), np.repeat([0.0, 1.0], [16, 4])
    one, other = [same, spread, same, spread], [same, spread, spread, same]
    assert covering_factor(one, 0.9) == covering_factor(other, 0.9)


def test_no_smaller_factor_covers_a_single_patient():
    values = np.arange(1.0, 2001.0)
    assert covering_factor([values], 0.9) == 1800


def test_every_patient_counts_alike():
    few, many = np.linspace(0, 1, 2_000), np.linspace(0, 1, 100_000)
    assert covering_factor([few, 3 * many], 0.75) == pytest.approx(covering_factor([many, 3 * few], 0.75), abs=1e-3)


def test_patients_alike_need_no_correction():
    one = np.linspace(0, 1, 2_000)
    assert covering_factor([one] * 3, 0.9) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("n_patients", [2, 3, 4])
def test_few_patients_promise_no_more_than_they_can(n_patients):
    """The errors of patients differ by a third: what covers 90 % of two of them covers 88 % of the next."""
    rng = np.random.default_rng(n_patients)
    errors = np.abs(rng.standard_normal(2_000))
    covered, covered_plainly = [], []
    for _ in range(300):
        patients, new = np.exp(0.3 * rng.standard_normal((n_patients, 1))) * errors, np.exp(0.3 * rng.standard_normal())
        covered.append(np.mean(new * errors <= covering_factor(list(patients), 0.9)))
        covered_plainly.append(np.mean(new * errors <= np.quantile(patients, 0.9)))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)
    assert np.mean(covered_plainly) < np.mean(covered)


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
        with pytest.raises(ModelError, match=r"intervals\.yaml is damaged"):
            read_intervals(tmp_path)
