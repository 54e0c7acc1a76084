# SPDX-License-Identifier: Apache-2.0
"""The multi-scale PatchGAN that tells standard-dose images from restored ones, beside their source.

Source: CoNeS (Chen et al., MELBA 2024): 2 scales, 4 layers, 64 channels, spectral and instance norm, on [source,
image]. Reading, where it is silent, after pix2pixHD (Wang et al., CVPR 2018) and SPADE (Park et al., CVPR 2019):

- convolutions 4×4 with 2 pixels of padding; strides 2, 2, 2, 1, then one of stride 1 to the prediction;
- channels double from layer to layer, up to 512; leaky ReLU 0.2;
- spectral norm and instance norm (no weights of its own, hence no bias before it) on layers 2 to 4; the first layer
  and the prediction have neither;
- from one scale to the next, means of 3×3 pixels at stride 2 that leave out the padding; each scale has weights of
  its own.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

N_SCALES = 2
N_LAYERS = 4
FIRST_CHANNELS = 64
MAX_CHANNELS = 512


class PatchDiscriminator(nn.Module):
    """One scale: N_LAYERS layers of features, then a prediction per overlapping patch, positive for real."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        layers = [nn.Sequential(_convolution(n_channels, FIRST_CHANNELS, stride=2), nn.LeakyReLU(0.2))]
        n_in = FIRST_CHANNELS
        for index in range(1, N_LAYERS):
            n_out = min(2 * n_in, MAX_CHANNELS)
            stride = 1 if index == N_LAYERS - 1 else 2
            convolution = spectral_norm(_convolution(n_in, n_out, stride, bias=False))
            layers.append(nn.Sequential(convolution, nn.InstanceNorm2d(n_out), nn.LeakyReLU(0.2)))
            n_in = n_out
        layers.append(nn.Sequential(_convolution(n_in, 1, stride=1)))
        self.layers = nn.ModuleList(layers)

    def forward(self, images: Float[Tensor, "b c h w"]) -> list[Tensor]:
        """Compute the features of each layer.

        Args:
            images: Source and image, stacked along channels.

        Returns:
            The features, the prediction last.
        """
        features = [images]
        for layer in self.layers:
            features.append(layer(features[-1]))
        return features[1:]


class MultiScaleDiscriminator(nn.Module):
    """The same discriminator, with weights of its own, at the full resolution and at each half of it.

    Args:
        n_inputs: Images of the source.
        n_outputs: Images that are evaluated.
    """

    def __init__(self, n_inputs: int, n_outputs: int = 1) -> None:
        super().__init__()
        self.scales = nn.ModuleList(PatchDiscriminator(n_inputs + n_outputs) for _ in range(N_SCALES))

    def forward(self, source: Float[Tensor, "b c h w"], image: Float[Tensor, "b o h w"]) -> list[list[Tensor]]:
        """Judge images beside their source.

        Args:
            source: Input images, on [−1, 1].
            image: Images to judge.

        Returns:
            Per scale, finest first, the features of each layer, (b, channels, h', w'), the prediction (b, 1, h', w')
            last.
        """
        images = torch.cat((source, image), dim=1)
        judged = []
        for index, scale in enumerate(self.scales):
            if index > 0:
                images = functional.avg_pool2d(images, 3, stride=2, padding=1, count_include_pad=False)
            judged.append(scale(images))
        return judged


def _convolution(n_in: int, n_out: int, stride: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 4, stride, padding=2, bias=bias)
