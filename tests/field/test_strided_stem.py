# SPDX-License-Identifier: Apache-2.0
"""The strided stem against the blocks of pixels that it stands for."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lessgad.field.strided_stem import ConstantChannels, strided_stem


def as_blocks(source, stem, stride, multiple_of):
    """pixel_unshuffle and a 3×3 convolution, as the stem is defined."""
    height, width = source.shape[2:]
    filled = functional.pad(source, (0, -width % multiple_of, 0, -height % multiple_of))
    return stem(functional.pixel_unshuffle(filled, stride))


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("size", [(16, 24), (13, 18)])
def test_it_convolves_blocks(stride, size):
    torch.manual_seed(0)
    stem = nn.Conv2d(3 * stride**2, 5, 3, padding=1)
    source = torch.randn(2, 3, *size)
    expected = as_blocks(source, stem, stride, 8)
    torch.testing.assert_close(strided_stem(source, stem, stride, 8), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("first", [0, 1, 3])
@pytest.mark.parametrize("size", [(16, 16), (13, 18)])
def test_constant_channels_are_maps_of_one_value(first, size):
    torch.manual_seed(1)
    stem = nn.Conv2d(5 * 4, 6, 3, padding=1)
    varying, values = torch.randn(3, 3, *size), torch.randn(3, 2)
    maps = values[:, :, None, None].expand(-1, -1, *size)
    expected = as_blocks(torch.cat((varying[:, :first], maps, varying[:, first:]), dim=1), stem, 2, 16)
    found = strided_stem(varying, stem, 2, 16, ConstantChannels(values, first))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_all_of_it_learns():
    torch.manual_seed(2)
    stem = nn.Conv2d(4 * 4, 3, 3, padding=1)
    varying, values = torch.randn(2, 2, 8, 8), torch.randn(2, 2)
    maps = values[:, :, None, None].expand(-1, -1, 8, 8)
    gradients = []
    for response in (
        strided_stem(varying, stem, 2, 8, ConstantChannels(values, 1)),
        as_blocks(torch.cat((varying[:, :1], maps, varying[:, 1:]), dim=1), stem, 2, 8),
    ):
        stem.zero_grad()
        response.square().sum().backward()
        gradients.append(stem.weight.grad.clone())
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)
