# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from lessgad.dose.linear import mix
from lessgad.training.losses import interval_loss, relative_l1


def test_slow_loop():
    generator = torch.Generator().manual_seed(0)
    restored, standard = (torch.rand(3, 1, 4, 5, generator=generator) for _ in range(2))
    dose = torch.tensor([0.0, 0.6, 0.99])
    total = 0.0
    for b in range(3):
        for row in range(4):
            for column in range(5):
                error = abs(float(restored[b, 0, row, column]) - float(standard[b, 0, row, column]))
                total += error / max(1 - float(dose[b]), 0.05)
    assert float(relative_l1(restored, standard, dose)) == pytest.approx(total / 60, rel=1e-5)


def test_unrestored_images_of_all_doses_have_one_loss():
    generator = torch.Generator().manual_seed(0)
    pre, post = (torch.rand(1, 1, 8, 8, generator=generator) for _ in range(2))
    losses = []
    for dose in (0.0, 0.1, 0.5, 0.9, 0.95):
        low = torch.from_numpy(mix(pre.numpy(), post.numpy(), dose))
        losses.append(float(relative_l1(low, post, torch.tensor([dose]))))
    assert losses == pytest.approx([losses[0]] * 5, rel=1e-4)


def test_nothing_missing_is_no_division_by_zero():
    image = torch.zeros(1, 1, 2, 2)
    assert float(relative_l1(image, image, torch.tensor([1.0]))) == 0
    assert float(relative_l1(image + 0.1, image, torch.tensor([1.0]))) == pytest.approx(2)


def test_the_interval_loss_is_smallest_at_the_ninetieth_percentile_of_the_errors():
    errors = torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(0))
    zero = torch.zeros_like(errors)
    candidates = torch.linspace(0.5, 3.0, 251)
    losses = [float(interval_loss(zero + width, errors, zero)) for width in candidates]
    best = float(candidates[losses.index(min(losses))])
    assert best == pytest.approx(float(errors.abs().quantile(0.9)), abs=0.02)


def test_the_interval_loss_teaches_the_half_width_and_leaves_the_image_alone():
    restored = torch.full((1, 1, 2, 2), 0.3, requires_grad=True)
    half_width = torch.full((1, 1, 2, 2), 0.1, requires_grad=True)
    interval_loss(half_width, restored, torch.zeros(1, 1, 2, 2)).backward()
    assert restored.grad is None
    torch.testing.assert_close(half_width.grad, torch.full((1, 1, 2, 2), -0.9 / 4))
