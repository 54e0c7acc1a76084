# SPDX-License-Identifier: Apache-2.0
import torch
from torch.nn import functional

from lessgad.field.encoder import ChannelNorm, CompactEncoder, ResidualBlock
from lessgad.field.presets import FieldSettings


def test_channel_norm_is_that_of_each_pixel():
    features = torch.randn(2, 6, 3, 4) * 5 + 2
    norm = ChannelNorm(6)
    with torch.no_grad():
        norm.norm.weight.copy_(torch.arange(1.0, 7.0))
        norm.norm.bias.copy_(torch.arange(6.0))
    found = norm(features)
    for b in range(2):
        for row in range(3):
            for column in range(4):
                pixel = features[b, :, row, column]
                centered = (pixel - pixel.mean()) / (pixel.var(unbiased=False) + 1e-5).sqrt()
                expected = centered * torch.arange(1.0, 7.0) + torch.arange(6.0)
                torch.testing.assert_close(found[b, :, row, column], expected, rtol=1e-4, atol=1e-4)


def test_a_new_block_says_nothing():
    features = torch.randn(1, 8, 5, 5)
    assert torch.equal(ResidualBlock(8)(features), features)


def test_features_have_the_stride_of_the_shifts():
    for channels in ((4,), (4, 8), (4, 8, 4)):
        settings = FieldSettings(channels=channels, feature_channels=5, n_blocks=1)
        features = CompactEncoder(2, settings)(torch.randn(3, 2, 16, 24))
        assert features.shape == (3, 5, 8, 12)
    for stem, shift_stride in ((2, 4), (2, 8), (4, 4), (4, 8)):
        settings = FieldSettings(
            channels=(4, 8, 4), feature_channels=5, n_blocks=1, stem=stem, shift_stride=shift_stride
        )
        features = CompactEncoder(2, settings)(torch.randn(3, 2, 32, 48))
        assert features.shape == (3, 5, 32 // shift_stride, 48 // shift_stride)


def test_without_norm_a_block_is_two_convolutions():
    block = ResidualBlock(4, "none")
    with torch.no_grad():
        block.second.weight.normal_()
    features = torch.randn(1, 4, 6, 6)
    expected = features + block.second(functional.relu(block.first(features)))
    torch.testing.assert_close(block(features), expected)
