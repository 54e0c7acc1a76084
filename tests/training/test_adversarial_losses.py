# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from lessgad.training.adversarial_losses import (
    discriminator_hinge,
    feature_matching,
    generator_hinge,
    shift_regularization,
)
from lessgad.training.discriminator import MultiScaleDiscriminator


def judgments(seed, requires_grad=False):
    """Two scales of two layers and a prediction, of unlike sizes."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [[(2, 3, 4, 5), (2, 4, 2, 3), (2, 1, 2, 2)], [(2, 3, 2, 3), (2, 4, 1, 2), (2, 1, 1, 3)]]
    return [
        [(2 * torch.randn(shape, generator=generator)).requires_grad_(requires_grad) for shape in scale]
        for scale in shapes
    ]


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def test_discriminator_hinge_is_that_of_a_slow_loop():
    real, fake = judgments(0), judgments(1)
    total = 0.0
    for of_real, of_fake in zip(real, fake, strict=True):
        total += sum(max(0.0, 1 - d) for d in numbers(of_real[-1])) / of_real[-1].numel()
        total += sum(max(0.0, 1 + d) for d in numbers(of_fake[-1])) / of_fake[-1].numel()
    assert float(discriminator_hinge(real, fake)) == pytest.approx(total / 2, rel=1e-5)


def test_generator_hinge_is_that_of_a_slow_loop():
    fake = judgments(1)
    total = -sum(sum(numbers(of_fake[-1])) / of_fake[-1].numel() for of_fake in fake)
    assert float(generator_hinge(fake)) == pytest.approx(total / 2, rel=1e-5)


def test_feature_matching_is_that_of_a_slow_loop():
    real, fake = judgments(0), judgments(1)
    total = 0.0
    for of_real, of_fake in zip(real, fake, strict=True):
        for r, f in zip(of_real[:-1], of_fake[:-1], strict=True):
            total += sum(abs(a - b) for a, b in zip(numbers(r), numbers(f), strict=True)) / r.numel()
    assert float(feature_matching(real, fake)) == pytest.approx(total / 2, rel=1e-5)


def test_shift_regularization_is_that_of_a_slow_loop():
    shifts = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    expected = sum(s * s for s in numbers(shifts)) / shifts.numel()
    assert float(shift_regularization(shifts)) == pytest.approx(expected, rel=1e-5)


def constant(value):
    return [[torch.zeros(1, 2, 4, 4), torch.full((1, 1, 3, 3), value)]] * 2


@pytest.mark.parametrize(
    ("real", "fake", "loss"), [(0.0, 0.0, 2.0), (1.0, -1.0, 0.0), (5.0, -7.0, 0.0), (-1.0, 1.0, 4.0), (0.5, -1.0, 0.5)]
)
def test_known_judgments(real, fake, loss):
    assert float(discriminator_hinge(constant(real), constant(fake))) == pytest.approx(loss)
    assert float(generator_hinge(constant(fake))) == pytest.approx(-fake)


def test_same_features_match():
    assert float(feature_matching(judgments(0), judgments(0))) == 0


def test_features_of_real_images_get_no_gradient():
    real, fake = judgments(0, requires_grad=True), judgments(1, requires_grad=True)
    feature_matching(real, fake).backward()
    assert all(features.grad is None for scale in real for features in scale)
    assert all(features.grad.any() for scale in fake for features in scale[:-1])
    assert all(scale[-1].grad is None for scale in fake)


def test_beyond_the_margin_the_discriminator_rests():
    real, fake = constant(2.0)[:1], constant(-2.0)[:1]
    real[0][-1].requires_grad_()
    discriminator_hinge(real, fake).backward()
    assert not real[0][-1].grad.any()


def test_scales_and_layers_must_agree():
    real, fake = judgments(0), judgments(1)
    for loss in (discriminator_hinge, feature_matching):
        with pytest.raises(ValueError, match="shorter"):
            loss(real, fake[:1])
    with pytest.raises(ValueError, match="shorter"):
        feature_matching(real, [fake[0][:-1], fake[1]])


def test_a_discriminator_learns_to_tell_noise_from_a_slope():
    torch.manual_seed(0)
    discriminator = MultiScaleDiscriminator(1)
    adam = torch.optim.Adam(discriminator.parameters(), lr=4e-4, betas=(0.5, 0.999))
    source = torch.zeros(2, 1, 24, 24)
    real = torch.linspace(-1, 1, 24).expand(2, 1, 24, 24)
    losses = []
    for _ in range(8):
        loss = discriminator_hinge(discriminator(source, real), discriminator(source, torch.rand(2, 1, 24, 24) - 0.5))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(2, abs=0.6)
    assert losses[-1] < losses[0] / 2
