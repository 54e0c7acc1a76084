# SPDX-License-Identifier: Apache-2.0
"""Checkpoints whose weights are of another network, or are no weights."""

import pytest
import torch
from stored_checkpoints import light_checkpoint, refused


@pytest.mark.parametrize(
    ("stored", "match"),
    [
        ([torch.ones(2)], "holds a list"),
        (torch.ones(2), "holds a Tensor"),
        (7, "holds a int"),
        ({}, "no weights, only nothing"),
        ({"epoch": 3, "lr": 0.1}, "no weights, only epoch, lr"),
        ({"state_dict": {"epoch": 3}}, "no weights, only epoch"),
        ({"state_dict": None}, "no weights, only state_dict"),
        ({f"layer{i}.conv.weight": torch.ones(3) for i in range(9)}, "9 weights of a network other than.*: layer0"),
        ({0: torch.ones(3)}, "holds 1 weights of a network other than the CoNeS generator: 0"),
    ],
)
def test_another_network(path, stored, match):
    torch.save(stored, path)
    refused(path, match)


def test_a_wrapping_in_itself(path):
    stored = {}
    stored["model"] = stored
    torch.save(stored, path)
    refused(path, "no weights, only model")


def changed(path, n_inputs=1, without=(), **changes):
    weights = light_checkpoint(n_inputs)
    weights |= {key.replace("__", "."): value for key, value in changes.items()}
    torch.save({key: value for key, value in weights.items() if key not in without}, path)


def test_missing_weights(path):
    changed(path, without=("latlayers.bias", "encoder.smooth1.bias"))
    refused(path, "329 weights.*2 are missing, the first of them encoder.smooth1.bias")
    changed(path, without=("decoder.net.0.weight",))
    refused(path, "1 are missing, the first of them decoder.net.0.weight")


def test_unexpected_weights(path):
    changed(path, encoder__bn1__running_mean=torch.ones(64), epoch=3)
    refused(path, "holds 2 weights that the CoNeS generator does not have: encoder.bn1.running_mean, epoch")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"encoder__conv1__weight": torch.ones(64, 2, 7, 7)}, "encoder.conv1.weight is 64×2×7×7; it must be 64×1×7×7"),
        ({"decoder__net__0__weight": torch.ones(64, 30)}, "encoder.conv1.weight is 64×1×7×7; it must be 64×2×7×7"),
        ({"decoder__net__0__weight": torch.ones(64, 28)}, "28 channels.*1 to 16 input images"),
        ({"decoder__net__0__weight": torch.ones(1).expand(64, 10**9)}, "1 to 16 input images"),
        ({"decoder__net__0__weight": torch.ones(64)}, "decoder.net.0.weight is 64; it must be 64×29"),
        ({"decoder__net__4__bias": torch.ones(())}, "decoder.net.4.bias is a single number; it must be 1"),
        ({"latlayers__bias": torch.ones(1).expand(10**12)}, "latlayers.bias is 1000000000000; it must be 257"),
    ],
)
def test_other_shapes(path, changes, match):
    changed(path, **changes)
    refused(path, match)


def test_two_outputs(path):
    torch.save(light_checkpoint(n_outputs=2), path)
    refused(path, "is 2×64; it must be 1×64|is 2; it must be 1|is 258.*must be 257")


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (torch.ones(257, dtype=torch.int64), "torch.int64"),
        (torch.ones(257, dtype=torch.complex64), "torch.complex64"),
        (torch.ones(257).to_sparse(), "torch.float32"),
        (torch.ones(257, device="meta"), "torch.float32"),
        ([0.0] * 257, "list"),
        (None, "NoneType"),
    ],
)
def test_weights_that_are_no_dense_floats(path, value, came):
    changed(path, latlayers__bias=value)
    refused(path, f"latlayers.bias is .*{came}; it must be a dense tensor of floats")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_weights_that_are_not_finite(path, value):
    bias = torch.zeros(257, dtype=torch.float64)
    bias[5] = value
    changed(path, latlayers__bias=bias)
    refused(path, "latlayers.bias holds NaN or infinity")
