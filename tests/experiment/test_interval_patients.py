# SPDX-License-Identifier: Apache-2.0
"""Few validation patients: no intervals, and why."""

import pytest
import yaml

from lessgad.experiment.interval_patients import calibrated_on_words, why_no_intervals
from lessgad.experiment.opened import open_experiment
from lessgad.restoration.conformal_intervals import IntervalCalibration, write_intervals


@pytest.fixture
def root(tiny, tmp_path):
    tiny.write_cohort(tmp_path / "cohort")
    return tiny.write_experiment(tmp_path / "experiment", "../cohort")


def edited(root, split=None, **changes):
    given = yaml.safe_load((root / "experiment.yaml").read_text())
    for group, values in changes.items():
        given[group] = {**given.get(group, {}), **values}
    (root / "experiment.yaml").write_text(yaml.safe_dump(given))
    for patient, subset in (split or {}).items():
        table = (root / "split.tsv").read_text()
        old = next(line for line in table.splitlines() if line.startswith(f"sub-{patient}\t"))
        (root / "split.tsv").write_text(table.replace(old, f"sub-{patient}\t{subset}"))
    return open_experiment(root)


def test_one_patient_is_too_few_by_default(root):
    words = why_no_intervals(edited(root, restoration={"interval_patients": 3}))
    assert words is not None
    assert "one validation patient" in words
    assert "requires 3" in words


def test_three_patients_are_enough(root):
    split = {"02": "validation", "03": "validation"}
    assert why_no_intervals(edited(root, split, restoration={"interval_patients": 3})) is None


def test_two_patients_and_none(root):
    two = why_no_intervals(edited(root, {"03": "validation"}, restoration={"interval_patients": 3}))
    assert "2 validation patients" in two
    none = why_no_intervals(edited(root, {"03": "train", "04": "train"}))
    assert "no validation patient" in none


def test_the_pretrained_model_brought_its_own(root):
    given = yaml.safe_load((root / "experiment.yaml").read_text())
    del given["field"]
    (root / "experiment.yaml").write_text(yaml.safe_dump(given))
    experiment = edited(root, training={"models": "pretrained"}, restoration={"interval_patients": 3})
    assert why_no_intervals(experiment) is None
    assert "only the baselines were tuned on patients of this cohort" in calibrated_on_words(experiment)


def test_trained_models_say_that_weights_were_chosen_on_the_same_patients(root):
    assert "on which the weights were chosen" in calibrated_on_words(open_experiment(root))


@pytest.mark.parametrize("cross_fitted", [True, False])
def test_intervals_say_whether_they_are_cross_fitted(root, cross_fitted):
    experiment = open_experiment(root)
    folder = experiment.folder.model("all-doses")
    folder.mkdir(parents=True)
    calibration = IntervalCalibration(doses=(0.1,), factors=(1.5,), n_patients=3, cross_fitted=cross_fitted)
    write_intervals(folder, calibration)
    assert ("Intervals are cross-fitted" in calibrated_on_words(experiment)) == cross_fitted
    (folder / "intervals.yaml").write_text("level: 0.9\ndoses: [0.1]\nfactors: [1.5]\nn_patients: 3\n")
    assert "on which the weights were chosen" in calibrated_on_words(experiment)  # of an earlier version
