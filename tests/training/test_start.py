# SPDX-License-Identifier: Apache-2.0
"""Trainings start from the weights that ship with lessgad, or from scratch."""

import numpy as np
import pytest
import torch

from lessgad import pretrained
from lessgad.errors import ModelError, SettingsError
from lessgad.field.checkpoint import load_field
from lessgad.field.presets import FieldSettings
from lessgad.training.learner import Learner
from lessgad.training.settings import FINE_TUNING, TrainingSettings
from lessgad.training.start import averaged, pretrained_weights, starts_pretrained

KERNEL = FieldSettings(preset="kernel")


def test_what_ships_is_small_and_a_kernel_field():
    folder = pretrained.pretrained_model()
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size < 8e6
    field, description = load_field(folder)
    assert description.field == KERNEL
    assert all(torch.isfinite(weight).all() for weight in field.state_dict().values())
    assert (folder / "card.md").is_file()


def test_a_kernel_field_starts_from_it_unless_told_not_to():
    shipped = pretrained_weights(KERNEL)
    started = Learner(KERNEL, FINE_TUNING).field.state_dict()
    assert all(torch.equal(started[name], weight) for name, weight in shipped.items())
    scratch = Learner(KERNEL, TrainingSettings(start="scratch")).field.state_dict()
    assert not torch.equal(scratch["encoder.stem.weight"], shipped["encoder.stem.weight"])
    assert not starts_pretrained(FieldSettings(), FINE_TUNING)


def test_another_shape_cannot_start_from_it():
    with pytest.raises(SettingsError, match=r"training.start.*scratch"):
        pretrained_weights(FieldSettings(preset="kernel", field_width=8))


def test_missing_weights_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    with pytest.raises(ModelError, match=r"pretrained weights.*Install lessgad again"):
        pretrained.pretrained_model()


def test_damaged_weights_are_named(monkeypatch, tmp_path):
    import shutil

    folder = shutil.copytree(pretrained.FOLDER, tmp_path / "model")
    (folder / pretrained.WEIGHTS).write_bytes(b"no weights")
    monkeypatch.setattr(pretrained, "FOLDER", folder)
    with pytest.raises(ModelError, match="damaged"):
        pretrained_weights(KERNEL)


def test_averages_run_from_the_start_to_what_was_trained():
    start, trained = {"w": torch.tensor([1.0, 3.0])}, {"w": torch.tensor([2.0, 1.0])}
    assert torch.equal(averaged(start, trained, 0.0)["w"], start["w"])
    assert torch.equal(averaged(start, trained, 1.0)["w"], trained["w"])
    assert averaged(start, trained, 0.25)["w"].tolist() == [1.25, 2.5]


def test_the_share_that_serves_validation_best_is_kept(monkeypatch, tmp_path):
    """The gain depends on one weight alone: it is largest where that is three quarters of what was trained."""
    from lessgad.dose.simulation import SimulationSettings
    from lessgad.dose.simulator import LowDoseSimulator
    from lessgad.field.build import build_field
    from lessgad.field.checkpoint import BEST, ModelDescription, read_description
    from lessgad.preparation.settings import PreparationSettings
    from lessgad.training import trainer
    from lessgad.training.validation import ValidationSlices

    description = ModelDescription(
        field=KERNEL, simulation=SimulationSettings(), preparation=PreparationSettings(), cohort_fingerprint="x"
    )
    image = np.zeros((1, 4, 4), np.float32)
    slices = ValidationSlices(image, image, (image, image), LowDoseSimulator(), image == 0, (1.0, 1.0))
    task = trainer.TrainingTask(tmp_path, description, FINE_TUNING, [], [slices], [0.1], "f")
    field = build_field(KERNEL)
    start = pretrained_weights(KERNEL)
    field.load_state_dict({name: weight + 1 for name, weight in start.items()})
    at = start["last.bias"][0]
    monkeypatch.setattr(
        trainer, "_validation_figures", lambda _task, one: (0.0, -abs(float(one.last.bias[0].detach() - at) - 0.75))
    )
    trainer.write_best_average(task, field)
    assert read_description(tmp_path).training["share_of_trained_weights"] == 0.75
    kept, _ = load_field(tmp_path, BEST)
    assert float(kept.last.bias[0].detach() - at) == pytest.approx(0.75, abs=1e-5)
