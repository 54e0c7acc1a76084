# SPDX-License-Identifier: Apache-2.0
"""A discriminator beside the field: who learns when, and that a stopped training goes on to the same weights."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from lessgad.dose.linear import mix
from lessgad.field.presets import FieldSettings
from lessgad.training.adversarial_losses import shift_regularization
from lessgad.training.batches import stack_patches
from lessgad.training.learner import Learner
from lessgad.training.losses import plain_l1, relative_l1
from lessgad.training.patches import Patch
from lessgad.training.settings import PAPER_LOSSES, LossWeights, TrainingSettings

FIELD = FieldSettings(
    inputs=("low_dose",),
    interval=False,
    channels=(4, 8),
    n_blocks=1,
    n_neighbor_slices=0,
    feature_channels=4,
    field_width=4,
    n_hidden_layers=1,
)


def batch(seed=0, n=2):
    rng = np.random.default_rng(seed)
    patches = []
    for _ in range(n):
        t1, t1ce = rng.uniform(-1, 1, (2, 32, 32)).astype(np.float32)
        patches.append(Patch(t1[None], t1ce, mix(t1, t1ce, 0.3)[None], (15.5, 15.5), (1.0, 1.0), 0.3))
    return stack_patches(patches, FieldSettings(inputs=("low_dose",)))


def learner(losses=PAPER_LOSSES, **changes):
    settings = {"precision": "fp32", "betas": (0.5, 0.999), "losses": losses, "gradient_norm": None, **changes}
    return Learner(FIELD, TrainingSettings(**settings))


def weights_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(network, before):
    return any(not torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_without_adversarial_parts_there_is_no_discriminator():
    assert learner(LossWeights()).critic is None
    assert learner(LossWeights(l1=1.0, shifts=10.0)).critic is None
    assert learner(LossWeights(l1=1.0, adversarial=0.1)).critic is not None
    assert learner(LossWeights(l1=1.0, feature_matching=1.0)).critic is not None


def test_both_learn_in_a_step():
    one = learner()
    field, discriminator = weights_of(one.field), weights_of(one.critic.discriminator)
    one.learn(batch(), 1.0)
    assert changed(one.field, field)
    assert changed(one.critic.discriminator, discriminator)


def test_the_fields_step_leaves_no_gradient_in_the_discriminator():
    one = learner()
    one.learn(batch(), 1.0)
    assert all(parameter.grad is None for parameter in one.critic.discriminator.parameters())
    assert all(parameter.requires_grad for parameter in one.critic.discriminator.parameters())


def test_two_time_scales():
    one = learner(learning_rate=1e-4, discriminator_learning_rate=4e-4)
    one.learn(batch(), 0.5)
    assert one.adam.param_groups[0]["lr"] == pytest.approx(0.5e-4)
    assert one.critic.adam.param_groups[0]["lr"] == pytest.approx(2e-4)


def test_weight_decay_is_the_fields_alone():
    one = learner(weight_decay=3e-5)
    assert one.adam.param_groups[0]["weight_decay"] == 3e-5
    assert one.critic.adam.param_groups[0]["weight_decay"] == 0


def test_the_sum_is_weighed_as_said():
    seen = batch()
    one = learner(LossWeights(l1=100.0, shifts=10.0))
    restored, _, shifts = one.field.forward_in_full(seen.source, seen.dose, seen.position_mm)
    l1 = relative_l1(restored, seen.standard_dose, seen.dose)
    assert one.learn(seen, 1.0) == pytest.approx((100 * l1 + 10 * shift_regularization(shifts)).item(), rel=1e-5)


def test_models_of_one_dose_have_the_papers_l1():
    seen = batch()
    one = learner(LossWeights(l1=2.0), models="per_dose")
    restored = one.field(seen.source, seen.dose, seen.position_mm)
    assert one.learn(seen, 1.0) == pytest.approx(
        (2 * plain_l1(restored, seen.standard_dose, seen.dose)).item(), rel=1e-5
    )


def test_a_discriminator_learns_to_tell_noise_from_tissue():
    one = learner(LossWeights(l1=0.0, adversarial=1.0), learning_rate=1e-9)
    seen = batch()
    real, fake = torch.full_like(seen.standard_dose, 0.5), torch.full_like(seen.standard_dose, -0.5)
    noise = torch.Generator().manual_seed(0)
    losses = [one.critic.learn(seen.source, real, fake, 1.0, noise) for _ in range(40)]
    assert losses[0] == pytest.approx(2, abs=0.5)
    assert losses[-1] < 0.5 * losses[0]


def test_a_state_holds_the_discriminator_too():
    """Three steps, or one, a new learner, and two more: the same weights in both networks."""
    whole = learner()
    for number in range(3):
        whole.learn(batch(number), 1.0, number)
    first = learner()
    first.learn(batch(0), 1.0, 0)
    resumed = learner(seed=99)
    resumed.restore(first.state())
    resumed._settings = first._settings
    for number in (1, 2):
        resumed.learn(batch(number), 1.0, number)
    assert not changed(resumed.field, weights_of(whole.field))
    assert not changed(resumed.critic.discriminator, weights_of(whole.critic.discriminator))


@pytest.mark.slow
def test_the_paper_preset_learns_one_patch():
    """The L1 of the published network falls on one fixed patch; nothing else is claimed of it."""
    field = FieldSettings.model_validate({"preset": "paper"})
    one = Learner(field, TrainingSettings(precision="fp32", models="per_dose", learning_rate=2e-5, gradient_norm=None))
    y, x = np.mgrid[:32, :32].astype(np.float32)
    t1 = (-0.4 + 0.2 * np.sin(x / 5) * np.cos(y / 7)).astype(np.float32)
    t1ce = t1 + np.float32(0.6) * ((x - 18) ** 2 + (y - 14) ** 2 < 30)
    seen = stack_patches(
        [Patch(t1[None], t1ce, mix(t1, t1ce, 0.3)[None], (15.5, 15.5), (1.0, 1.0), 0.3)],
        FieldSettings(inputs=("low_dose",)),
    )
    losses = [one.learn(seen, 1.0) for _ in range(20)]
    assert losses[-1] < 0.6 * losses[0]


def test_nothing_to_make_small_is_refused():
    with pytest.raises(ValidationError, match="at least one weight"):
        LossWeights(l1=0.0)
    with pytest.raises(ValidationError):
        LossWeights(adversarial=-1.0)
