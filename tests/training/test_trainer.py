# SPDX-License-Identifier: Apache-2.0
"""Training on arrays of a few pixels. What is said of bits holds on a CPU."""

import math
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from safetensors.torch import load_file

from lessgad.dose.simulation import SimulationSettings
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.errors import SettingsError
from lessgad.field.checkpoint import BEST, DESCRIPTION, LAST, ModelDescription, load_field
from lessgad.field.presets import FieldSettings
from lessgad.preparation.settings import PreparationSettings
from lessgad.training import trainer
from lessgad.training.learning_curve import read_learning_curve
from lessgad.training.patches import PatchSource
from lessgad.training.settings import TrainingSettings
from lessgad.training.trainer import CURVE_FILE, RESUME_FILE, TrainingTask, train
from lessgad.training.validation import ValidationSlices

N_SAMPLES, BATCH = 22, 2
RESULTS = (BEST, LAST, CURVE_FILE, DESCRIPTION)


def images(seed, n_slices=4):
    rng = np.random.default_rng(seed)
    pre = (0.3 * rng.standard_normal((n_slices, 32, 40))).clip(-1, 1).astype(np.float32)
    post = pre.copy()
    post[:, 10:20, 12:25] += 0.4
    return pre, post.clip(-1, 1)


def task(folder, *, dose=None, validation=True, doses=(0.1, 0.7), fingerprint="abc", field=None, **changes):
    settings = TrainingSettings(
        **{
            "n_samples": N_SAMPLES,
            "batch_size": BATCH,
            "patch_size": (32, 32),
            "learning_rate": 3e-3,
            "precision": "fp32",
            "validate_every": 8,
            **changes,
        }
    )
    shape = {"channels": (4, 8), "n_blocks": 1, "feature_channels": 4, "field_width": 4, "n_hidden_layers": 1}
    box, head = (2, 30, 1, 38), np.arange(4)
    studies = [
        PatchSource(
            *images(0),
            tuple(images(0)),
            LowDoseSimulator(),
            box,
            head,
            np.array([[1, 12, 14], [2, 13, 15]]),
            (1.0, 1.0),
        ),
        PatchSource(
            *images(1), tuple(images(1)), LowDoseSimulator(), box, head, np.empty((0, 3), dtype=np.int64), (0.8, 0.8)
        ),
    ]
    judged = np.zeros((4, 32, 40), dtype=bool)
    judged[:, 8:22, 10:27] = True
    return TrainingTask(
        folder=folder,
        description=ModelDescription(
            field=FieldSettings(**{"inputs": ("low_dose",), **shape, **(field or {})}),
            dose=dose,
            simulation=SimulationSettings(),
            preparation=PreparationSettings(),
            cohort_fingerprint="0",
            training=settings.model_dump(mode="json"),
        ),
        settings=settings,
        studies=studies,
        validation=[ValidationSlices(*images(2), tuple(images(2)), LowDoseSimulator(), judged, (1.0, 1.0))]
        if validation
        else [],
        validation_doses=doses,
        fingerprint=fingerprint,
    )


def silently(_progress):
    pass


def results(folder):
    return {name: (folder / name).read_bytes() for name in RESULTS}


def test_what_lies_in_the_folder_afterwards(tmp_path):
    told = []
    train(task(tmp_path), told.append)
    assert {file.name for file in tmp_path.iterdir()} == {*RESULTS, RESUME_FILE}
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
    "changes", [{"validation": False}, {"doses": (1.0,)}, {"doses": (1.0,), "field": {"output": "tanh"}}]
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


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("stop_at", [2, 6, 8, 14, N_SAMPLES - BATCH])
def test_ctrl_c_loses_nothing(tmp_path, precision, stop_at):
    def press_ctrl_c(progress):
        if progress.n_samples_done == stop_at:
            signal.raise_signal(signal.SIGINT)

    train(task(tmp_path / "whole", precision=precision), silently)
    with pytest.raises(KeyboardInterrupt):
        train(task(tmp_path / "stopped", precision=precision), press_ctrl_c)
    assert not (tmp_path / "stopped" / LAST).exists()
    told = []
    train(task(tmp_path / "stopped", precision=precision), told.append)
    assert [p.n_samples_done for p in told] == list(range(stop_at + 2 * BATCH, N_SAMPLES + 1, BATCH))
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


@pytest.mark.parametrize("between_saves_s", [0.0, 30.0])
def test_an_error_outside_loses_at_most_what_was_not_saved(tmp_path, monkeypatch, between_saves_s):
    monkeypatch.setattr(trainer, "SECONDS_BETWEEN_SAVES", between_saves_s)

    def fail(progress):
        if progress.n_samples_done == 12:
            raise RuntimeError("outside")

    train(task(tmp_path / "whole"), silently)
    with pytest.raises(RuntimeError, match="outside"):
        train(task(tmp_path / "stopped"), fail)
    told = []
    train(task(tmp_path / "stopped"), told.append)
    assert told[0].n_samples_done == (14 if between_saves_s == 0 else 10)
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


def test_stopped_again_and_again(tmp_path):
    train(task(tmp_path / "whole"), silently)
    for _ in range(20):
        try:
            train(task(tmp_path / "stopped"), lambda _: signal.raise_signal(signal.SIGINT))
        except KeyboardInterrupt:
            continue
        break
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


@pytest.mark.slow
def test_killed_without_a_word(tmp_path):
    """kill -9 between two saves, in a process of its own."""
    script = f"""
        import importlib.util, os, signal, sys
        from pathlib import Path
        import torch
        torch.set_num_threads(1)
        spec = importlib.util.spec_from_file_location("tiny", {str(__file__)!r})
        tiny = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tiny)
        def kill(progress):
            if progress.n_samples_done == 12:
                os.kill(os.getpid(), signal.SIGKILL)
        tiny.train(tiny.task(Path(sys.argv[1])), kill)
    """
    train(task(tmp_path / "whole"), silently)
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "killed")]
    killed = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    told = []
    train(task(tmp_path / "killed"), told.append)
    assert told[0].n_samples_done == 10
    assert results(tmp_path / "killed") == results(tmp_path / "whole")


def test_a_finished_training_is_not_done_again(tmp_path):
    train(task(tmp_path), silently)
    before = results(tmp_path)
    (tmp_path / LAST).unlink()
    told = []
    train(task(tmp_path), told.append)
    assert not told
    assert results(tmp_path) == before


def stopped_after_one_validation(folder, **changes):
    def press_ctrl_c(progress):
        if progress.n_samples_done == 8:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(task(folder, **changes), press_ctrl_c)


def test_a_state_of_another_training_is_not_gone_on_from(tmp_path):
    train(task(tmp_path / "whole"), silently)
    stopped_after_one_validation(tmp_path / "other", fingerprint="other", seed=5)
    told = []
    train(task(tmp_path / "other"), told.append)
    assert told[0].n_samples_done == 2
    assert results(tmp_path / "other") == results(tmp_path / "whole")


def test_a_damaged_state_is_not_gone_on_from(tmp_path):
    train(task(tmp_path / "whole"), silently)
    stopped_after_one_validation(tmp_path / "damaged")
    path = tmp_path / "damaged" / RESUME_FILE
    path.write_bytes(path.read_bytes()[:-200])
    told = []
    train(task(tmp_path / "damaged"), told.append)
    assert told[0].n_samples_done == 2
    assert results(tmp_path / "damaged") == results(tmp_path / "whole")


def test_no_weights_of_an_earlier_model_beside_a_new_description(tmp_path):
    train(task(tmp_path), silently)

    def fail(_progress):
        raise RuntimeError("before the first validation")

    with pytest.raises(RuntimeError, match="first validation"):
        train(task(tmp_path, fingerprint="new", field={"output": "tanh"}), fail)
    assert {file.name for file in tmp_path.iterdir()} == {DESCRIPTION}


def test_a_training_that_diverges_stops_with_one_line_and_good_weights(tmp_path):
    with pytest.raises(SettingsError, match=r"stays finite.*after \d+ samples.*learning_rate.*fp32") as caught:
        train(task(tmp_path, learning_rate=1e25, validate_every=2), silently)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / LAST).exists()
    if (tmp_path / BEST).exists():
        assert all(value.isfinite().all() for value in load_file(tmp_path / BEST).values())


def test_a_training_that_diverges_late_keeps_its_best_weights_and_its_state(tmp_path):
    poisoned = task(tmp_path)

    def poison(progress):
        if progress.n_samples_done == 12:
            for study in poisoned.studies:
                study.standard_dose[:] = np.nan

    with pytest.raises(SettingsError, match=r"after 1[24] samples"):  # the next patches may be drawn already
        train(poisoned, poison)
    assert all(value.isfinite().all() for value in load_file(tmp_path / BEST).values())
    told = []
    train(task(tmp_path), told.append)
    assert told[0].n_samples_done == 10
    train(task(tmp_path.with_name("whole")), silently)
    assert results(tmp_path) == results(tmp_path.with_name("whole"))


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
    short = {"n_samples": 600, "batch_size": 4, "validate_every": 600, "learning_rate": 1e-2, "seed": 2}
    train(task(tmp_path, field=both, **short), silently)
    (point,) = read_learning_curve(tmp_path / CURVE_FILE)
    assert point.validation_gain_db > 1
