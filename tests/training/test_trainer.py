# SPDX-License-Identifier: Apache-2.0
"""Training on arrays of a few pixels. What is said of bits holds on a CPU."""

import math

import numpy as np
import pytest
from tiny_training import BATCH, N_SAMPLES, RESULTS, results, silently, task

from lessgad.field.checkpoint import BEST, LAST, load_field
from lessgad.restoration.model_yaml import read_known
from lessgad.training import trainer
from lessgad.training.chosen_without import CHOSEN_WITHOUT, ChosenWithout
from lessgad.training.learning_curve import CURVE_FILE, read_learning_curve
from lessgad.training.trainer import RESUME_FILE, train


def test_what_lies_in_the_folder_afterwards(tmp_path):
    told = []
    train(task(tmp_path), told.append)
    found = read_known(tmp_path / CHOSEN_WITHOUT, ChosenWithout)
    assert list(found.checkpoints) == ["patient 1"]
    assert {file.name for file in tmp_path.iterdir()} == {
        *RESULTS,
        RESUME_FILE,
        CHOSEN_WITHOUT,
        found.checkpoints["patient 1"],
    }
    assert [progress.n_samples_done for progress in told] == list(range(2, N_SAMPLES + 1, 2))
    curve = read_learning_curve(tmp_path / CURVE_FILE)
    assert [point.n_samples for point in curve] == [8, 16, 22]
    assert curve[0].training_loss == pytest.approx(np.mean([progress.loss for progress in told[:4]]))
    assert math.isnan(told[2].validation_gain_db)
    assert told[3].validation_gain_db == curve[0].validation_gain_db
    assert load_field(tmp_path, LAST)[1] == task(tmp_path).description


def test_the_last_batch_may_be_smaller(tmp_path):
    told = []
    train(task(tmp_path, n_samples=5, batch_size=3, validate_every=100), told.append)
    assert [progress.n_samples_done for progress in told] == [3, 5]
    assert [point.n_samples for point in read_learning_curve(tmp_path / CURVE_FILE)] == [5]


def test_best_weights_are_those_of_the_best_validation(tmp_path):
    kept = {}

    def remember(progress):
        kept[progress.n_samples_done] = (tmp_path / BEST).read_bytes() if (tmp_path / BEST).exists() else b""

    train(task(tmp_path, learning_rate=0.05), remember)
    curve = read_learning_curve(tmp_path / CURVE_FILE)
    best = max(curve, key=lambda point: point.validation_gain_db)
    assert (tmp_path / BEST).read_bytes() == kept[best.n_samples]


@pytest.mark.parametrize(
    "changes", [{"validation": 0}, {"doses": (1.0,)}, {"doses": (1.0,), "field": {"output": "tanh"}}]
)
def test_with_nothing_to_judge_by_the_last_weights_are_the_best(tmp_path, changes):
    train(task(tmp_path, **changes), silently)
    assert (tmp_path / BEST).read_bytes() == (tmp_path / LAST).read_bytes()
    assert all(math.isnan(point.validation_gain_db) for point in read_learning_curve(tmp_path / CURVE_FILE))


def test_training_is_the_same_twice_and_another_with_another_seed(tmp_path):
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        train(task(tmp_path / name, seed=seed), silently)
    assert results(tmp_path / "one") == results(tmp_path / "two")
    assert (tmp_path / "one" / LAST).read_bytes() != (tmp_path / "three" / LAST).read_bytes()


@pytest.mark.parametrize("told_the_dose", [True, False])
def test_a_model_of_one_dose(tmp_path, told_the_dose, monkeypatch):
    doses = set()
    stack = trainer.stack_patches

    def watch(patches, *rest):
        doses.update(patch.dose for patch in patches)
        return stack(patches, *rest)

    monkeypatch.setattr(trainer, "stack_patches", watch)
    train(task(tmp_path, dose=0.3, doses=(0.3,), field={"told_the_dose": told_the_dose}), silently)
    assert doses == {0.3}
    assert load_field(tmp_path)[1].dose == 0.3


def test_the_pre_contrast_image_can_be_an_input(tmp_path):
    train(task(tmp_path, field={"inputs": ("pre_contrast", "low_dose")}), silently)
    assert load_field(tmp_path)[0].settings.inputs == ("pre_contrast", "low_dose")


def test_each_patch_is_seen_once_whatever_the_batch(tmp_path, monkeypatch):
    numbers = []
    draw = trainer.draw_patch
    monkeypatch.setattr(
        trainer, "draw_patch", lambda sources, number, **how: numbers.append(number) or draw(sources, number, **how)
    )
    train(task(tmp_path, batch_size=4), silently)
    assert numbers == list(range(N_SAMPLES))


def test_learning_rates_follow_the_schedule(tmp_path, monkeypatch):
    rates = []
    learn = trainer.Learner.learn

    def watched(self, *seen):
        loss = learn(self, *seen)
        rates.append(self.adam.param_groups[0]["lr"])
        return loss

    monkeypatch.setattr(trainer.Learner, "learn", watched)
    train(task(tmp_path), silently)
    expected = [3e-3 * trainer.learning_rate_factor(i / N_SAMPLES) for i in range(0, N_SAMPLES, BATCH)]
    assert rates == pytest.approx(expected)


def test_learning_is_learning(tmp_path):
    both = {"inputs": ("pre_contrast", "low_dose")}
    short = {"n_samples": 1_200, "batch_size": 4, "validate_every": 1_200, "learning_rate": 1e-2, "seed": 2}
    train(task(tmp_path, field=both, **short), silently)
    (point,) = read_learning_curve(tmp_path / CURVE_FILE)
    assert point.validation_gain_db > 5
