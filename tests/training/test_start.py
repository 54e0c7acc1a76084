# SPDX-License-Identifier: Apache-2.0
"""Trainings start from the weights that ship with lessgad, or from scratch."""

import pytest
import torch

from lessgad import pretrained
from lessgad.dose.simulation import SimulationSettings
from lessgad.errors import ModelError, SettingsError
from lessgad.field.build import build_field
from lessgad.field.checkpoint import BEST, LAST, ModelDescription, load_field, read_description, write_weights
from lessgad.field.presets import FieldSettings
from lessgad.preparation.settings import PreparationSettings
from lessgad.training.best_average import write_best_average
from lessgad.training.chosen_without import CrossFittedField
from lessgad.training.learner import Learner
from lessgad.training.settings import FINE_TUNING, TrainingSettings
from lessgad.training.start import averaged, pretrained_weights, starts_pretrained
from lessgad.training.validation_figures import ValidationFigures

KERNEL = FieldSettings(preset="kernel")
DESCRIPTION = ModelDescription(
    field=KERNEL, simulation=SimulationSettings(), preparation=PreparationSettings(), cohort_fingerprint="x"
)


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


def test_the_share_that_serves_validation_best_is_kept(tmp_path):
    """The gain depends on one weight alone: it is largest where that is three quarters of what was trained."""
    field, start = trained_by(1.0)
    at = start["last.bias"][0]

    def figures_of(one):
        gain = -10 * abs(float(one.last.bias[0].detach() - at) - 0.75)
        return ValidationFigures(("p1",), (0.0,), (gain,))

    write_best_average(tmp_path, DESCRIPTION, field, figures_of, ["p1"])
    assert read_description(tmp_path).training["share_of_trained_weights"] == 0.75
    kept, _ = load_field(tmp_path, BEST)
    assert float(kept.last.bias[0].detach() - at) == pytest.approx(0.75, abs=1e-5)


def test_a_patient_is_judged_with_the_share_that_the_others_choose(tmp_path):
    """Two patients are best served by a quarter, one by all that was trained."""
    field, start = trained_by(1.0)
    at, wanted = start["last.bias"][0], {"p1": 0.25, "p2": 0.25, "p3": 1.0}

    def figures_of(one):
        share = float(one.last.bias[0].detach() - at)
        gains = [-100 * (share - best) ** 2 for best in wanted.values()]
        return ValidationFigures(tuple(wanted), (0.0,) * 3, tuple(gains))

    write_weights(tmp_path / LAST, field)
    write_best_average(tmp_path, DESCRIPTION, field, figures_of, [*wanted, "p1"])
    field_of = CrossFittedField(tmp_path)
    judged_with = {patient: round(float(field_of(patient).last.bias[0].detach().cpu() - at), 3) for patient in wanted}
    assert judged_with == {"p1": 0.5, "p2": 0.5, "p3": 0.25}  # the mean of 1/4 and 1 is nearest to 1/2 and 3/4
    assert field_of("p1") is field_of("p2")
    assert field_of.covers(wanted)
    assert not field_of.covers(["p1", "p4"])
    of_all, _ = load_field(tmp_path, BEST)
    assert torch.equal(field_of("p4").last.bias, of_all.last.bias)


def trained_by(change):
    field, start = build_field(KERNEL), pretrained_weights(KERNEL)
    field.load_state_dict({name: weight + change for name, weight in start.items()})
    return field, start
