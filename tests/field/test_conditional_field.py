# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from torch.nn import functional

from lessgad.field.conditional_field import ConditionalField
from lessgad.field.position import position_encoding, position_grid_mm
from lessgad.field.presets import FieldSettings

SMALL = {
    "inputs": ("low_dose",),
    "channels": (4, 8),
    "n_blocks": 1,
    "n_neighbor_slices": 0,
    "feature_channels": 6,
    "field_width": 5,
    "n_hidden_layers": 2,
}


def random_field(**changes):
    """A small field with no weight at zero, so that everything that can matter does."""
    torch.manual_seed(3)
    field = ConditionalField(FieldSettings(**{**SMALL, **changes})).eval()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape))
    return field


def run(field, source, dose=0.3, origin=(0, 0), center=(60.0, 50.0)):
    """Restore slices or a crop of them that begins at `origin`."""
    n, _, *shape = source.shape
    position = position_grid_mm(tuple(shape), (1.5, 1.0), (center[0] - origin[0], center[1] - origin[1]))
    doses = torch.as_tensor(dose).expand(n) if not torch.is_tensor(dose) else dose
    with torch.inference_mode():
        return field(source, doses.float(), position.expand(n, -1, -1, -1))


def images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("shape", [(32, 40), (33, 41), (31, 39), (5, 7), (1, 1), (3, 50)])
@pytest.mark.parametrize("output", ["residual", "tanh"])
def test_any_size_comes_back(shape, output):
    restored = run(random_field(output=output), images(2, 1, *shape))
    assert restored.shape == (2, 1, *shape)
    assert restored.dtype == torch.float32
    assert restored.isfinite().all()


@pytest.mark.parametrize("inputs", [("low_dose",), ("pre_contrast", "low_dose"), ("low_dose", "pre_contrast")])
def test_full_dose_comes_back_bit_for_bit(inputs):
    source = images(2, len(inputs), 30, 22)
    restored = run(random_field(inputs=inputs), source, dose=1.0)
    index = inputs.index("low_dose")
    assert torch.equal(restored, source[:, index : index + 1])


def test_full_dose_comes_back_bit_for_bit_among_neighbors():
    settings = {"inputs": ("pre_contrast", "low_dose"), "n_neighbor_slices": 2}
    source = images(2, 10, 30, 22)
    assert torch.equal(run(random_field(**settings), source, dose=1.0), source[:, 7:8])


def test_every_slice_around_matters():
    field = random_field(inputs=("pre_contrast", "low_dose"), n_neighbor_slices=1)
    source = images(1, 6, 24, 24)
    before = run(field, source)
    for channel in range(6):
        changed = source.clone()
        changed[:, channel, 10, 10] *= -1
        assert not torch.equal(run(field, changed), before)


def test_residual_is_the_low_dose_and_the_missing_share_of_the_field():
    source = images(1, 1, 24, 24)
    field = random_field(told_the_dose=False)
    change = [(run(field, source, dose=dose) - source) / (1 - dose) for dose in (0.0, 0.5, 0.9)]
    torch.testing.assert_close(change[1], change[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(change[2], change[0], rtol=1e-4, atol=1e-4)
    assert change[0].abs().max() > 0.01


def test_tanh_stays_within_range():
    field = random_field(output="tanh")
    with torch.no_grad():
        field.layers[-1].weight.mul_(100)
    restored = run(field, images(2, 1, 24, 40))
    assert restored.abs().max() <= 1
    assert restored.abs().max() > 0.9


def test_who_is_told_the_dose_uses_it_and_who_is_not_does_not():
    source = images(1, 1, 24, 24)
    for told in (True, False):
        field = random_field(output="tanh", told_the_dose=told)
        assert torch.equal(run(field, source, 0.1), run(field, source, 0.8)) is not told


def test_each_source_matters():
    field = random_field(inputs=("pre_contrast", "low_dose"), output="tanh")
    source = images(1, 2, 24, 24)
    for channel in range(2):
        changed = source.clone()
        changed[:, channel] *= 0.5
        assert not torch.equal(run(field, changed), run(field, source))
    assert not torch.equal(run(field, source.flip(1)), run(field, source))


def test_place_matters_only_to_those_who_look():
    source = images(1, 1, 24, 24)
    for n_frequencies in (0, 3):
        field = random_field(n_frequencies=n_frequencies, output="tanh")
        moved = run(field, source, center=(10.0, 0.0))
        assert torch.equal(moved, run(field, source)) is (n_frequencies == 0)


def test_the_pixel_wise_network_is_that_of_the_equation():
    field = random_field(n_frequencies=2, output="tanh", interval=False)
    source, dose = images(1, 1, 8, 8), torch.tensor([0.4])
    position = position_grid_mm((8, 8), (1.0, 1.0), (3.5, 3.5))[None]
    with torch.inference_mode():
        seen = torch.cat((source + 1, torch.full_like(source, 0.4)), dim=1)
        shifts = functional.interpolate(
            field.shifts(field.encoder(seen)), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        wave = position_encoding(position * 2 / field.settings.longest_wave_mm, 2)
        hidden = torch.cat((seen, wave), dim=1)[0, :, 5, 2]
        shift = list(shifts[0, :, 5, 2].split([5, 5, 1]))
        for index, layer in enumerate(field.layers):
            hidden = layer.weight[:, :, 0, 0] @ hidden + layer.bias + shift[index]
            hidden = functional.leaky_relu(hidden, 0.01) if index < 2 else torch.tanh(hidden)
        expected = hidden.item()
        assert field(source, dose, position)[0, 0, 5, 2].item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("channels", [(4,), (4, 8), (4, 8, 4)])
@pytest.mark.parametrize("n_blocks", [1, 2])
def test_nothing_changes_beyond_the_reach(channels, n_blocks):
    field = random_field(channels=channels, n_blocks=n_blocks)
    reach, stride = field.settings.reach, field.settings.stride
    size = 2 * (reach + 2 * stride) // stride * stride
    source = images(1, 1, size, size + 3)
    before = run(field, source)
    farthest = 0
    for place in ((size // 2, size // 2), (size // 2 + 1, size // 2 + stride - 1), (0, size + 2), (size - 1, 5)):
        changed = source.clone()
        changed[0, 0, place[0], place[1]] += 1.5
        rows, columns = torch.nonzero(run(field, changed)[0, 0] != before[0, 0], as_tuple=True)
        assert len(rows) > 1
        distance = torch.maximum((rows - place[0]).abs(), (columns - place[1]).abs()).max().item()
        farthest = max(farthest, distance)
        assert distance <= reach
    assert farthest > reach // 3  # the bound is not empty words


@pytest.mark.parametrize("channels", [(4,), (4, 8), (4, 8, 4)])
@pytest.mark.parametrize("inputs", [("low_dose",), ("pre_contrast", "low_dose")])
def test_whole_slice_is_a_patch_beyond_the_reach(channels, inputs):
    field = random_field(channels=channels, inputs=inputs)
    reach, stride = field.settings.reach, field.settings.stride
    source = images(2, len(inputs), 2 * reach + 61, 2 * reach + 54)
    whole = run(field, source)
    height, width = 2 * reach + 21, 2 * reach + 18
    for origin in ((0, 0), (stride, 3 * stride), (2 * stride, 0)):
        patch = source[..., origin[0] : origin[0] + height, origin[1] : origin[1] + width]
        restored = run(field, patch, origin=origin)
        inner = slice(reach, height - reach), slice(reach, width - reach)
        here = whole[..., origin[0] : origin[0] + height, origin[1] : origin[1] + width]
        torch.testing.assert_close(restored[..., *inner], here[..., *inner], rtol=0, atol=1e-4)


def test_samples_of_a_batch_do_not_know_of_each_other():
    field = random_field()
    source, dose = images(3, 1, 24, 28), torch.tensor([0.1, 0.5, 0.9])
    together = run(field, source, dose)
    for index in range(3):
        alone = run(field, source[index : index + 1], dose[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone, rtol=0, atol=1e-5)
    order = [2, 0, 1]
    torch.testing.assert_close(run(field, source[order], dose[order]), together[order], rtol=0, atol=1e-5)


def test_bf16_is_near_fp32_and_gives_float32():
    field = random_field()
    source = images(1, 1, 32, 32)
    exact = run(field, source)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = run(field, source)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).abs().max() < 0.05 * exact.abs().max()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(run(field, source, dose=1.0), source)


def test_every_weight_learns():
    field = random_field(inputs=("pre_contrast", "low_dose"))
    position = position_grid_mm((16, 16), (1.0, 1.0), (7.5, 7.5)).expand(2, -1, -1, -1)
    field(images(2, 2, 16, 16), torch.tensor([0.1, 0.4]), position).square().mean().backward()
    for name, parameter in field.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def in_full(field, source, dose=0.3):
    n, _, height, width = source.shape
    position = position_grid_mm((height, width), (1.5, 1.0), ((height - 1) / 2, (width - 1) / 2))
    with torch.inference_mode():
        return field.forward_in_full(source, torch.full((n,), dose), position.expand(n, -1, -1, -1))


def test_the_second_output_is_a_positive_half_width_and_the_first_the_image():
    source = images(2, 1, 24, 40)
    answer = in_full(random_field(), source)
    assert answer.half_width.shape == source.shape
    assert answer.half_width.min() > 0
    assert answer.half_width.std() > 0
    assert torch.equal(answer.restored, run(random_field(), source, center=((24 - 1) / 2, (40 - 1) / 2)))
    assert in_full(random_field(interval=False), source).half_width is None


@pytest.mark.parametrize("shift_stride", [2, 4])
def test_onto_its_own_pixels_is_the_image(shift_stride):
    field, source = random_field(shift_stride=shift_stride, output="tanh"), images(2, 1, 22, 35)
    position = position_grid_mm((22, 35), (1.5, 1.0), (60.0, 50.0)).expand(2, -1, -1, -1)
    dose = torch.tensor([0.3, 0.3])
    with torch.inference_mode():
        onto = field.forward_onto(source, dose, source, position, torch.arange(22.0), torch.arange(35.0))
    torch.testing.assert_close(onto.restored, run(field, source), rtol=0, atol=1e-5)


def test_onto_other_places_is_the_same_function_of_the_place():
    """Every second pixel of the answer at half pixels is the answer at pixels."""
    field, source = random_field(output="tanh"), images(1, 1, 24, 24)
    there = functional.interpolate(source, scale_factor=2.0, mode="nearest")
    fine = torch.arange(48.0) / 2
    position = position_grid_mm((48, 48), (0.75, 0.5), (120.0, 100.0))[None]
    with torch.inference_mode():
        onto = field.forward_onto(source, torch.tensor([0.3]), there, position, fine, fine).restored
    torch.testing.assert_close(onto[..., ::2, ::2], run(field, source), rtol=0, atol=1e-5)
    assert (onto[..., 1::2, 1::2] - onto[..., ::2, ::2]).abs().max() > 1e-3
