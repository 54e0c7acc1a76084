# SPDX-License-Identifier: Apache-2.0
"""The kernel field is bound to what was measured."""

import numpy as np
import pytest
import torch

from lessgad.field.build import build_field
from lessgad.field.gaussian_averages import N_AVERAGES, WIDTHS_MM
from lessgad.field.kernel_field import BLUR_PER_MM, N_SDS, KernelField
from lessgad.field.kernel_sources import kernel_sources
from lessgad.field.measured_enhancement import ScanFacts, measured_enhancement
from lessgad.field.presets import FieldSettings

SMALL = FieldSettings(preset="kernel", channels=(8, 8, 8), n_blocks=1, feature_channels=8, field_width=8)
SPACING = (1.0, 1.0, 1.0)


def scans(sigma=0.02, enhancement=0.5, dose=0.2):
    rng = np.random.default_rng(4)
    t1 = np.full((13, 40, 44), -0.45, np.float32)
    t1ce = t1.copy()
    t1ce[4:9, 10:30, 12:30] += np.float32(enhancement)
    low = t1 + np.float32(dose) * (t1ce - t1) + rng.normal(0, sigma, t1.shape).astype(np.float32)
    noisy = t1 + rng.normal(0, sigma, t1.shape).astype(np.float32)
    return noisy, low.astype(np.float32), t1ce


def restored(field, t1, low, dose=0.2, facts=None):
    evidence = measured_enhancement(t1, low, dose, facts or ScanFacts(SPACING, 0.02, misalignment_mm=0.0), [6])
    source = torch.from_numpy(kernel_sources(evidence, field.settings.n_neighbor_slices))
    with torch.inference_mode():
        return evidence, field.forward_in_full(source, torch.tensor([dose]), source[:, :2])


def random_field(scale=3.0):
    torch.manual_seed(5)
    field = build_field(SMALL).eval()
    assert isinstance(field, KernelField)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.mul_(scale)
        field.last.weight.normal_(0, 2)
        field.last.bias.normal_(0, 2)
    return field


def test_untrained_it_is_the_average_that_noise_and_blur_weight():
    t1, low, _ = scans()
    evidence, answer = restored(build_field(SMALL).eval(), t1, low)
    noise = evidence.gain[0, 0, 0] * np.array(evidence.noise)
    weights = 1 / (noise**2 + (BLUR_PER_MM * np.array(WIDTHS_MM)) ** 2 + 1e-6)
    expected = t1[6] + np.tensordot(weights / weights.sum(), evidence.averages[:, 0], axes=1)
    assert answer.restored[0, 0].numpy() == pytest.approx(expected, abs=1e-5)


def test_whatever_its_weights_it_stays_near_an_average_of_what_was_measured():
    t1, low, _ = scans()
    evidence, answer = restored(random_field(), t1, low)
    change = answer.restored[0, 0].numpy() - t1[6]
    gain = evidence.gain[0]
    largest = N_SDS * gain * max(evidence.noise)
    assert (change <= evidence.averages[:, 0].max(axis=0) + largest + 1e-5).all()
    assert (change >= evidence.averages[:, 0].min(axis=0) - largest - 1e-5).all()


def test_without_noise_and_difference_nothing_is_invented():
    t1 = np.full((13, 40, 44), -0.45, np.float32)
    _, answer = restored(random_field(), t1, t1, facts=ScanFacts(SPACING, 0.0, misalignment_mm=0.0))
    assert answer.restored[0, 0].numpy() == pytest.approx(t1[6], abs=1e-6)


def test_at_dose_zero_the_t1_comes_back():
    t1, low, _ = scans()
    _, answer = restored(random_field(), t1, low, dose=0.0)
    assert answer.restored[0, 0].numpy() == pytest.approx(t1[6], abs=1e-6)
    assert (answer.half_width > 0).all()


def test_a_step_of_training_makes_the_loss_smaller():
    from lessgad.training.losses import usual_error, weighted_huber

    torch.manual_seed(0)
    field = build_field(SMALL)
    t1, low, t1ce = scans(sigma=0.05)
    evidence = measured_enhancement(t1, low, 0.2, ScanFacts(SPACING, 0.05, misalignment_mm=0.0), [6])
    source, dose = torch.from_numpy(kernel_sources(evidence, 2)), torch.tensor([0.2])
    target = torch.from_numpy(t1ce[6])[None, None]
    adam = torch.optim.Adam(field.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        answer = field.forward_in_full(source, dose, source[:, :2])
        loss = weighted_huber(answer.restored, answer.half_width, target, usual_error(torch.tensor([0.01]), dose))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_it_gives_one_image_and_half_width_for_any_size():
    rng = np.random.default_rng(6)
    t1 = rng.uniform(-1, 1, (5, 33, 21)).astype(np.float32)
    _, answer = restored(random_field(), np.concatenate([t1, t1, t1]), np.concatenate([t1, t1, t1]))
    assert answer.restored.shape == answer.half_width.shape == (1, 1, 33, 21)
    assert len(WIDTHS_MM) == N_AVERAGES


@pytest.mark.parametrize("wrong", [{"inputs": ("low_dose",)}, {"output": "tanh"}, {"told_the_dose": False}])
def test_other_shapes_are_refused(wrong):
    with pytest.raises(ValueError, match="preset kernel"):
        FieldSettings(preset="kernel", **wrong)
