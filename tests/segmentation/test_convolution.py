# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy

import pytest
import torch

from lessgad.segmentation.convolution import OneDnnConv3d, ask_onednn


@pytest.mark.parametrize("stride", [1, 2, (1, 2, 2)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
def test_it_convolves_as_pytorch_does(stride, bias, groups):
    torch.manual_seed(3)
    usual = torch.nn.Conv3d(4, 6, (1, 3, 3), stride, padding=(0, 1, 1), bias=bias, groups=groups)
    asked = copy.deepcopy(usual)
    ask_onednn(asked)
    patch = torch.randn(1, 4, 5, 12, 9)
    assert type(asked) is OneDnnConv3d
    with torch.no_grad():
        torch.testing.assert_close(asked(patch), usual(patch), atol=1e-5, rtol=1e-5)


def test_a_network_keeps_its_weights_and_still_learns():
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3, padding=1), torch.nn.Conv2d(1, 1, 1))
    keys = list(network.state_dict())
    ask_onednn(network)
    assert list(network.state_dict()) == keys
    assert type(network[1]) is torch.nn.Conv2d
    network[0](torch.randn(1, 1, 4, 4, 4)).sum().backward()
    assert network[0].weight.grad is not None


def test_padding_by_name_is_left_to_pytorch():
    convolution = torch.nn.Conv3d(1, 1, 3, padding="same")
    ask_onednn(convolution)
    with torch.no_grad():
        assert convolution(torch.ones(1, 1, 4, 5, 6)).shape == (1, 1, 4, 5, 6)
