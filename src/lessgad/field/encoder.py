# SPDX-License-Identifier: Apache-2.0
"""The compact encoder: from the source images to features on a coarser grid."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lessgad.field.presets import FieldSettings
from lessgad.field.strided_stem import ConstantChannels, strided_stem


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each pixel: no pixel learns of another through it."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(n_channels)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalize each pixel's channels to mean 0 and variance 1, then scale and shift them.

        Args:
            features: Features of each pixel.

        Returns:
            The normalized features.
        """
        return self.norm(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """x + conv(ReLU(conv(norm(x)))), 3×3."""

    def __init__(self, n_channels: int, normalisation: Literal["channel", "none"] = "channel") -> None:
        super().__init__()
        self.norm: nn.Module = ChannelNorm(n_channels) if normalisation == "channel" else nn.Identity()
        self.first = nn.Conv2d(n_channels, n_channels, 3, padding=1)
        self.second = nn.Conv2d(n_channels, n_channels, 3, padding=1)
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add the output of two convolutions to the features; at initialization it is zero.

        Args:
            features: Features of each pixel.

        Returns:
            The features.
        """
        return features + self.second(functional.relu(self.first(self.norm(features))))


class CompactEncoder(nn.Module):
    """A feature pyramid at the strides of the settings, with a top-down path back to the stride of the shifts.

    Nothing is normalized over space and all strides are powers of two, so that a patch whose origin is
    a multiple of the coarsest stride gives the features of the whole slice, beyond the receptive field.
    """

    def __init__(self, n_inputs: int, settings: FieldSettings) -> None:
        super().__init__()
        channels, n_features = settings.channels, settings.feature_channels
        self._stem_stride, self._coarsest_stride = settings.stem, settings.stride
        self._finest = settings.strides.index(settings.shift_stride)
        self.stem = nn.Conv2d(settings.stem**2 * n_inputs, channels[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in pairwise(channels))
        self.stages = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(n, settings.normalisation) for _ in range(settings.n_blocks)))
            for n in channels
        )
        seen = channels[self._finest :]
        self.lateral = nn.ModuleList(nn.Conv2d(n, n_features, 1) for n in seen)
        self.smooth = nn.ModuleList(nn.Conv2d(n_features, n_features, 3, padding=1) for _ in seen)

    def forward(
        self, source: Float[Tensor, "b c h w"], constant: ConstantChannels | None = None
    ) -> Float[Tensor, "b f h2 w2"]:
        """Compute features at the stride of the shifts.

        Args:
            source: Input images, on [−1, 1], without their constant channels; filled with zeros at the bottom and on
                the right to a multiple of the coarsest stride.
            constant: Further input channels, each with one value all over an image; None without such channels.

        Returns:
            The features.
        """
        features = strided_stem(source, self.stem, self._stem_stride, self._coarsest_stride, constant)
        pyramid = [self.stages[0](features)]
        for down, stage in zip(self.down, self.stages[1:], strict=True):
            pyramid.append(stage(down(pyramid[-1])))
        seen = pyramid[self._finest :]
        top: Tensor = functional.relu(self.smooth[-1](self.lateral[-1](seen[-1])))
        for level in reversed(range(len(seen) - 1)):
            coarse = functional.interpolate(top, scale_factor=2.0, mode="bilinear", align_corners=False)
            top = functional.relu(self.smooth[level](self.lateral[level](seen[level]) + coarse))
        return top.contiguous(memory_format=torch.channels_last)
