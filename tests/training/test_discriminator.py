# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from torch import nn

from lessgad.training.discriminator import MultiScaleDiscriminator, PatchDiscriminator


@pytest.fixture(scope="module")
def discriminator():
    torch.manual_seed(0)
    return MultiScaleDiscriminator(1)


def images(n_channels=1, height=64, width=48, n=2):
    return torch.rand(n, n_channels, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_shapes_at_the_published_patch(discriminator):
    with torch.inference_mode():
        judged = discriminator(images(height=128, width=160, n=1), images(height=128, width=160, n=1))
    assert [[tuple(features.shape[1:]) for features in scale] for scale in judged] == [
        [(64, 65, 81), (128, 33, 41), (256, 17, 21), (512, 18, 22), (1, 19, 23)],
        [(64, 33, 41), (128, 17, 21), (256, 9, 11), (512, 10, 12), (1, 11, 13)],
    ]


@pytest.mark.parametrize(("n_inputs", "n_outputs"), [(1, 1), (2, 1), (3, 2)])
def test_source_and_image_are_seen(n_inputs, n_outputs):
    discriminator = MultiScaleDiscriminator(n_inputs, n_outputs).eval()
    source, image = images(n_inputs), images(n_outputs)
    with torch.inference_mode():
        before = discriminator(source, image)
        for changed in ((-source, image), (source, -image)):
            after = discriminator(*changed)
            assert all(not torch.equal(a[-1], b[-1]) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("height", "width"), [(33, 47), (16, 16), (128, 5)])
def test_any_size(discriminator, height, width):
    with torch.inference_mode():
        judged = discriminator(images(height=height, width=width), images(height=height, width=width))
    assert all(features.isfinite().all() for scale in judged for features in scale)


def test_strides_and_channels():
    convolutions = [module for module in PatchDiscriminator(2).modules() if isinstance(module, nn.Conv2d)]
    assert [module.stride[0] for module in convolutions] == [2, 2, 2, 1, 1]
    assert [module.out_channels for module in convolutions] == [64, 128, 256, 512, 1]
    assert {module.kernel_size for module in convolutions} == {(4, 4)}


def test_spectral_norm_tends_to_one():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(2).train()
    for layer in discriminator.layers[1:4]:
        with torch.no_grad():
            layer[0].parametrizations.weight.original.mul_(30)
        for _ in range(200):
            weight = layer[0].weight.detach()  # each look is a power iteration
        assert float(torch.linalg.matrix_norm(weight.flatten(1), 2)) == pytest.approx(1, abs=2e-3)


def test_norms_are_where_the_reading_has_them():
    layers = PatchDiscriminator(2).layers
    has_spectral = [nn.utils.parametrize.is_parametrized(layer[0]) for layer in layers]
    has_instance = [any(isinstance(module, nn.InstanceNorm2d) for module in layer) for layer in layers]
    has_bias = [layer[0].bias is not None for layer in layers]
    assert has_spectral == has_instance == [False, True, True, True, False]
    assert has_bias == [True, False, False, False, True]


def test_second_scale_sees_means_without_the_padding(discriminator):
    """A constant image stays one when it is halved, at its border too."""
    seen = []
    hook = discriminator.scales[1].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    with torch.inference_mode():
        discriminator(torch.full((1, 1, 32, 24), 0.5), torch.full((1, 1, 32, 24), -1.0))
    hook.remove()
    assert torch.equal(seen[0], torch.tensor([0.5, -1.0])[None, :, None, None].expand(1, 2, 16, 12))


def test_layer_by_layer(discriminator):
    """Features are those of the layers in turn, by the functions that they are made of."""
    source, image = images(), images().flip(-1)
    discriminator.eval()
    with torch.inference_mode():
        judged = discriminator(source, image)[0]
        hidden = torch.cat((source, image), dim=1)
        for index, layer in enumerate(discriminator.scales[0].layers):
            convolution = layer[0]
            stride = 2 if index < 3 else 1
            hidden = nn.functional.conv2d(hidden, convolution.weight, convolution.bias, stride, padding=2)
            if index in (1, 2, 3):
                centered = hidden - hidden.mean((2, 3), keepdim=True)
                hidden = centered / (centered.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
            if index < 4:
                hidden = torch.where(hidden > 0, hidden, 0.2 * hidden)
            torch.testing.assert_close(judged[index], hidden, rtol=1e-4, atol=1e-4)


def test_every_weight_learns():
    torch.manual_seed(0)
    discriminator = MultiScaleDiscriminator(1)
    sum(scale[-1].square().mean() for scale in discriminator(images(), images())).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in discriminator.parameters())


def test_weights_come_back_with_their_power_iterations(discriminator):
    discriminator.eval()
    other = MultiScaleDiscriminator(1).eval()
    other.load_state_dict(discriminator.state_dict())
    with torch.inference_mode():
        for a, b in zip(discriminator(images(), images()), other(images(), images()), strict=True):
            assert torch.equal(a[-1], b[-1])
