# SPDX-License-Identifier: Apache-2.0
"""The weights that judge a patient do not depend on the patient's own images."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import N_SAMPLES, silently, task

from lessgad.field.checkpoint import BEST
from lessgad.restoration import conformal_intervals
from lessgad.restoration.conformal_intervals import covering_factor
from lessgad.restoration.model_yaml import read_known
from lessgad.training.chosen_without import (
    CHOSEN_WITHOUT,
    WORTH_LEAVING_DB,
    ChosenWithout,
    CrossFittedField,
    best_share,
    shares_without,
)
from lessgad.training.learning_curve import CURVE_FILE
from lessgad.training.start import SHARES, USUAL_SHARE
from lessgad.training.trainer import train
from lessgad.training.validation_figures import ValidationFigures

PATIENTS = ("p0", "p1", "p2", "p3")
GAINS = st.lists(st.floats(-10, 10), min_size=len(PATIENTS), max_size=len(PATIENTS))


def figures(gains):
    return ValidationFigures(PATIENTS[: len(gains)], (20.0,) * len(gains), tuple(20.0 + gain for gain in gains))


@given(st.lists(GAINS, min_size=len(SHARES), max_size=len(SHARES)), st.sampled_from(PATIENTS), st.data())
def test_a_patients_own_images_do_not_change_the_choice_that_judges_the_patient(gains, patient, data):
    own = PATIENTS.index(patient)
    changed = [[*of_share[:own], data.draw(st.floats(-10, 10)), *of_share[own + 1 :]] for of_share in gains]
    before, after = (
        shares_without({share: figures(one) for share, one in zip(SHARES, table, strict=True)}, PATIENTS)
        for table in (gains, changed)
    )
    assert before[patient] == after[patient]


@given(st.lists(GAINS, min_size=len(SHARES), max_size=len(SHARES)))
def test_the_choice_without_a_patient_is_the_choice_of_a_cohort_that_lacks_the_patient(gains):
    table = {share: figures(one) for share, one in zip(SHARES, gains, strict=True)}
    lacking = {share: figures(one[:-1]) for share, one in zip(SHARES, gains, strict=True)}
    assert best_share(table, PATIENTS[-1]) == best_share(lacking)


def test_one_patient_leaves_nobody_to_choose():
    alone = {share: figures([10 * share]) for share in SHARES}
    assert best_share(alone) == 1.0
    assert shares_without(alone, ["p0"]) == {"p0": USUAL_SHARE}


@pytest.mark.parametrize(
    ("gains", "share"),
    [
        ([0.0, 1.0, 2.0, 3.0, 4.0], 1.0),
        ([3.951, 4.352, 4.725, 5.062, 5.265], 0.75),  # of ten gliomas
        ([0.0, 0.3, 0.5, 0.55, 0.56], 0.5),
        ([0.0, 0.1, 0.2, 0.2, 0.2], 0.0),
        ([1.0, 1.5, 1.0, 0.5, 0.0], 0.25),
    ],
)
def test_a_quarter_of_a_decibel_is_not_worth_leaving_the_start(gains, share):
    assert WORTH_LEAVING_DB == 0.25
    assert best_share({one: figures([gain]) for one, gain in zip(SHARES, gains, strict=True)}) == share


def simulated_coverage(judged_with, n_patients=6, n_cohorts=150, n_models=5, n_voxels=200):
    """Coverage of a new patient if chance alone makes one model better on a patient than another model."""
    rng = np.random.default_rng(7)
    covered = []
    for _ in range(n_cohorts):
        spread = np.exp(rng.normal(0, 0.25, (n_patients + 1, n_models)))  # error of each patient with each model
        errors = spread[..., None] * np.abs(rng.normal(size=(n_patients + 1, n_models, n_voxels)))
        loss = spread[:-1]
        of_all = 0 if judged_with == "a model set before" else int(loss.sum(axis=0).argmin())
        chosen = [of_all] * n_patients
        if judged_with == "the others' choice":
            chosen = [int(np.delete(loss, i, axis=0).sum(axis=0).argmin()) for i in range(n_patients)]
        factor = covering_factor([errors[i, model] for i, model in enumerate(chosen)])
        covered.append(np.mean(errors[-1, of_all] <= factor))
    return float(np.mean(covered))


def test_cross_fitting_gives_back_the_coverage_that_choosing_on_the_same_patients_takes(monkeypatch):
    """150 simulated cohorts; the standard error of each mean is 0.008."""
    monkeypatch.setattr(conformal_intervals, "N_QUANTILES", 200)  # as many as there are voxels
    without_choice = simulated_coverage("a model set before")
    cross_fitted = simulated_coverage("the others' choice")
    assert without_choice == pytest.approx(0.9, abs=0.02)
    assert cross_fitted == pytest.approx(without_choice, abs=0.02)
    assert simulated_coverage("the choice of all") < cross_fitted - 0.015


def test_each_patient_is_judged_with_the_checkpoint_that_the_others_choose(tmp_path):
    """A training that validates two patients, against one that validates the other patient alone."""
    train(task(tmp_path / "both", validation=2, learning_rate=0.05), silently)
    train(task(tmp_path / "first", validation=1, learning_rate=0.05), silently)
    chosen = read_known(tmp_path / "both" / CHOSEN_WITHOUT, ChosenWithout).checkpoints
    assert (tmp_path / "both" / chosen["patient 2"]).read_bytes() == (tmp_path / "first" / BEST).read_bytes()
    field_of = CrossFittedField(tmp_path / "both")
    assert field_of.covers(["patient 1", "patient 2"])
    assert not field_of.covers(["patient 1"])  # chosen for other patients
    left = {path.name for path in (tmp_path / "both").glob("best_without_*")}
    assert left == set(chosen.values())


def test_nothing_of_an_earlier_training_is_left(tmp_path):
    train(task(tmp_path, validation=2, learning_rate=0.05), silently)
    stale = tmp_path / "best_without_7.safetensors"
    stale.write_bytes(b"of an earlier training")
    (tmp_path / CHOSEN_WITHOUT).write_text("shares: {p2: 0.5}\n")
    train(task(tmp_path, validation=0, fingerprint="another"), silently)
    assert not stale.exists()
    assert not (tmp_path / CHOSEN_WITHOUT).exists()
    assert str(N_SAMPLES) in (tmp_path / CURVE_FILE).read_text()


def test_without_validation_nothing_is_chosen(tmp_path):
    train(task(tmp_path, validation=0), silently)
    assert not CrossFittedField(tmp_path).covers(["patient 1"])


def test_figures_without_a_patient_are_those_of_the_others():
    found = ValidationFigures(("a", "a", "b"), (1.0, 2.0, 3.0), (2.0, 4.0, 9.0))
    assert found.gain_db == pytest.approx(3.0)
    assert found.without("b").gain_db == pytest.approx(1.5)
    assert found.without("a").psnr_db == 9.0
    assert math.isnan(found.without("a").without("b").gain_db)
