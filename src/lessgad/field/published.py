# SPDX-License-Identifier: Apache-2.0
"""The published conditional neural field, CoNeS, whole: encoder, shifts and pixel-wise network.

Its position encoding spans the patch and its instance norm sees the patch, so a slice in one piece gets another
answer than the same slice in patches. Restore with the sliding window in which it was trained.

Source: CoNeS (Chen et al., MELBA 2024); bottleneck blocks after He et al. (CVPR 2016), top-down path after Lin et
al. (CVPR 2017).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lessgad.errors import ModelError
from lessgad.field.position import position_encoding

STEM_CHANNELS = 64
N_BLOCKS = (2, 4, 23, 3)
STRIDES = (1, 2, 2, 2)
EXPANSION = 4
FEATURE_CHANNELS = 256
FIELD_WIDTH = 64
N_HIDDEN_LAYERS = 4
N_FREQUENCIES = 7
COARSEST_STRIDE = 8


class Bottleneck(nn.Module):
    """ReLU(norm(conv 1×1(…conv 3×3(…conv 1×1))) + shortcut), ReLU(norm(·)) between the convolutions.

    The stride is that of the 3×3 convolution. Where size or channels change, the shortcut is norm(conv 1×1).
    """

    def __init__(self, n_in: int, n_middle: int, stride: int) -> None:
        super().__init__()
        n_out = EXPANSION * n_middle
        self.conv1 = nn.Conv2d(n_in, n_middle, 1, bias=False)
        self.norm1 = _instance_norm(n_middle)
        self.conv2 = nn.Conv2d(n_middle, n_middle, 3, stride, padding=1, bias=False)
        self.norm2 = _instance_norm(n_middle)
        self.conv3 = nn.Conv2d(n_middle, n_out, 1, bias=False)
        self.norm3 = _instance_norm(n_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), _instance_norm(n_out))

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        """Compute features of 4 · n_middle channels at 1/stride of the size, rounded up.

        Args:
            features: Features of each pixel.

        Returns:
            The features.
        """
        hidden = functional.relu(self.norm1(self.conv1(features)))
        hidden = functional.relu(self.norm2(self.conv2(hidden)))
        return functional.relu(self.norm3(self.conv3(hidden)) + self.shortcut(features))


class PublishedEncoder(nn.Module):
    """A ResNet without pooling, strides 1, 2, 4, 8, and a top-down path back to the full resolution.

    Lists of levels run from the finest to the coarsest.
    """

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(n_inputs, STEM_CHANNELS, 7, padding=3, bias=False)
        self.stem_norm = _instance_norm(STEM_CHANNELS)
        self.stages = nn.ModuleList()
        n_in, n_middle = STEM_CHANNELS, STEM_CHANNELS
        for n_blocks, stride in zip(N_BLOCKS, STRIDES, strict=True):
            first = Bottleneck(n_in, n_middle, stride)
            n_in = EXPANSION * n_middle
            self.stages.append(nn.Sequential(first, *(Bottleneck(n_in, n_middle, 1) for _ in range(n_blocks - 1))))
            n_middle *= 2
        n_channels = [EXPANSION * STEM_CHANNELS * 2**level for level in range(len(N_BLOCKS))]
        self.lateral = nn.ModuleList(nn.Conv2d(n, FEATURE_CHANNELS, 1) for n in n_channels)
        self.smooth = nn.ModuleList(
            nn.Conv2d(FEATURE_CHANNELS, FEATURE_CHANNELS, 3, padding=1) for _ in n_channels[:-1]
        )

    def forward(self, source: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 256 h w"]:
        """Compute features of every pixel.

        Args:
            source: Input images, on [−1, 1].

        Returns:
            The features, 256 channels.
        """
        features = functional.relu(self.stem_norm(self.stem(source)))
        pyramid = []
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        top: Tensor = self.lateral[-1](pyramid[-1])
        for level in reversed(range(len(pyramid) - 1)):
            fine = self.lateral[level](pyramid[level])
            coarse = functional.interpolate(top, size=fine.shape[-2:], mode="bilinear", align_corners=False)
            top = self.smooth[level](coarse + fine)
        return top


class PublishedField(nn.Module):
    """Restore patches: h_0 = [source, position], h_i = LeakyReLU(W_i h_{i−1} + b_i + s_i), tanh at the last layer.

    The shifts s come from the encoder, one set per pixel; the weights W and biases b are the same for all pixels.

    Args:
        n_inputs: Images that it sees.
        n_outputs: Images that it gives.
    """

    def __init__(self, n_inputs: int, n_outputs: int = 1) -> None:
        super().__init__()
        self.n_inputs = n_inputs
        self._widths = [FIELD_WIDTH] * N_HIDDEN_LAYERS + [n_outputs]
        n_in = [n_inputs + 4 * N_FREQUENCIES] + [FIELD_WIDTH] * N_HIDDEN_LAYERS
        self.encoder = PublishedEncoder(n_inputs)
        self.shifts = nn.Conv2d(FEATURE_CHANNELS, sum(self._widths), 1)
        self.layers = nn.ModuleList(nn.Linear(*widths) for widths in zip(n_in, self._widths, strict=True))

    def forward(self, source: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        """Restore a batch of patches of any size with a side of more than 8 pixels.

        Args:
            source: Images on [−1, 1].

        Returns:
            The standard-dose image on [−1, 1], float32.

        Raises:
            ModelError: As many images as the network was not made for, or too small a patch.
        """
        image, _ = self.forward_with_shifts(source)
        return image

    def forward_with_shifts(
        self, source: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b o h w"], Float[Tensor, "b s h w"]]:
        """Restore as `forward` does, and return the shifts of all layers, whose mean square is a training loss.

        Args:
            source: Input images, on [−1, 1].

        Returns:
            Restored images on [−1, 1], and the shifts.
        """
        self._check(source)
        shifts = self.shifts(self.encoder(source))
        position = position_encoding(_position_in_patch(source), N_FREQUENCIES).expand(len(source), -1, -1, -1)
        hidden = torch.cat((source, position), dim=1).permute(0, 2, 3, 1)  # linear layers want channels last
        parts = torch.split(shifts.permute(0, 2, 3, 1), self._widths, dim=-1)
        for index, (layer, shift) in enumerate(zip(self.layers, parts, strict=True)):
            hidden = layer(hidden) + shift
            if index < N_HIDDEN_LAYERS:
                hidden = functional.leaky_relu(hidden, 0.01)
        return torch.tanh(hidden.permute(0, 3, 1, 2).float()), shifts

    def _check(self, source: Float[Tensor, "b c h w"]) -> None:
        n_images, height, width = source.shape[1:]
        if n_images != self.n_inputs:
            raise ModelError(f"The network was trained with {self.n_inputs} input image(s), and {n_images} were given")
        if max(height, width) <= COARSEST_STRIDE:  # one feature pixel has no variance to be normalized by
            raise ModelError(f"The patch is {height}×{width} pixels; each side must be longer than 8")


def _position_in_patch(source: Float[Tensor, "b c h w"]) -> Float[Tensor, "1 2 h w"]:
    """Give (row / height, column / width) of each pixel, counted from 0."""
    height, width = source.shape[-2:]
    y = torch.arange(height, dtype=torch.float32, device=source.device) / height
    x = torch.arange(width, dtype=torch.float32, device=source.device) / width
    return torch.stack(torch.meshgrid(y, x, indexing="ij"))[None]


def _instance_norm(n_channels: int) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(n_channels, affine=True)
