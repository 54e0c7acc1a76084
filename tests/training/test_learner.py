# SPDX-License-Identifier: Apache-2.0
import logging

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from lessgad.dose.linear import mix
from lessgad.field.presets import FieldSettings
from lessgad.training.batches import stack_patches
from lessgad.training.learner import Learner
from lessgad.training.losses import relative_l1
from lessgad.training.patches import Patch
from lessgad.training.settings import TrainingSettings

FIELD = FieldSettings(
    inputs=("low_dose",),
    interval=False,
    channels=(4, 8),
    n_blocks=1,
    n_neighbor_slices=0,
    feature_channels=8,
    field_width=8,
    n_hidden_layers=2,
)


def patch(dose=0.2):
    """Tissue in smooth waves, and a disc in it that enhances."""
    y, x = np.mgrid[:16, :20].astype(np.float32)
    pre_contrast = (-0.4 + 0.2 * np.sin(x / 5) * np.cos(y / 7)).astype(np.float32)
    disc = ((x - 12) ** 2 + (y - 7) ** 2 < 16).astype(np.float32)
    standard_dose = pre_contrast + 0.6 * disc
    low_dose = mix(pre_contrast, standard_dose, dose)
    return Patch(pre_contrast[None], standard_dose, low_dose[None], (7.5, 9.5), (1.0, 1.0), dose)


def batch(inputs=("low_dose",), **changes):
    return stack_patches([patch(**changes)], FieldSettings(inputs=inputs))


def learner(precision="fp32", field=FIELD, seed=1, **changes):
    return Learner(field, TrainingSettings(precision=precision, seed=seed, **changes))


def loss_of(one, seen):
    with torch.inference_mode():
        restored = one.field(seen.source, seen.dose, seen.position_mm)
        return float(relative_l1(restored, seen.standard_dose, seen.dose))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("output", ["residual", "tanh"])
def test_one_patch_is_learned_by_heart(precision, output):
    one = learner(precision, FIELD.model_copy(update={"output": output}), learning_rate=1e-2)
    seen = batch()
    losses = [one.learn(seen, 1 - i / 250) for i in range(250)]
    assert losses[-1] < losses[0] / 5


def test_the_loss_given_is_that_before_the_step():
    one, seen = learner(), batch()
    before = loss_of(one, seen)
    assert one.learn(seen, 1.0) == pytest.approx(before, rel=1e-5)
    assert loss_of(one, seen) != before


def test_without_a_learning_rate_nothing_is_learned():
    one, seen = learner(), batch()
    before = {name: value.clone() for name, value in one.field.state_dict().items()}
    one.learn(seen, 0.0)
    assert all(torch.equal(value, before[name]) for name, value in one.field.state_dict().items())


def test_the_seed_draws_the_weights():
    weights = [next(learner(seed=seed).field.parameters()) for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_what_is_not_finite_is_an_error_and_leaves_the_weights(bad, precision):
    one, seen = learner(precision), batch()
    one.learn(seen, 1.0)
    before = {name: value.clone() for name, value in one.field.state_dict().items()}
    seen.standard_dose[0, 0, 3, 3] = bad
    with pytest.raises(FloatingPointError, match="a loss of"):
        one.learn(seen, 1.0)
    assert all(torch.equal(value, before[name]) for name, value in one.field.state_dict().items())


def test_a_loss_that_is_finite_with_a_gradient_that_is_not():
    one, seen = learner(), batch()
    next(one.field.parameters()).register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(FloatingPointError, match="gradient of norm"):
        one.learn(seen, 1.0)


def test_fabric_keeps_quiet_and_its_log_is_as_it_was(capfd, caplog):
    caplog.set_level(logging.INFO)
    log = logging.getLogger("lightning_fabric")
    level = log.level
    learner("bf16")
    assert log.level == level
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
    Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    assert caplog.records  # it would have spoken
