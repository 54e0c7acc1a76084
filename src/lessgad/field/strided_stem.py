# SPDX-License-Identifier: Apache-2.0
"""The first convolution of an encoder, over blocks of s × s pixels, as one strided convolution.

    conv(pixel_unshuffle(x, s), w) = conv(x, w'; stride s),   w'[o, c, s·m + i, s·n + j] = w[o, s²·c + s·i + j, m, n]

A channel that has one value all over an image needs no map. Its response differs between pixels only because of the
zeros around the image, and such channels act together as one channel of ones:

    Σ_c conv(a_c · 1, w'_c) = conv(1, Σ_c a_c · w'_c)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class ConstantChannels(NamedTuple):
    """Channels with one value all over each image.

    Attributes:
        values: The values of each image, (b, k).
        first: Number of the first of them among all channels; the others follow it.
    """

    values: Float[Tensor, "b k"]
    first: int


def strided_kernel(weight: Float[Tensor, "o c2 m n"], stride: int) -> Float[Tensor, "o c h w"]:
    """Give the kernel that convolves pixels as `weight` convolves blocks of s × s pixels.

    Args:
        weight: Kernel over blocks, whose channels are those of `torch.nn.functional.pixel_unshuffle`.
        stride: s, pixels along each side of a block.

    Returns:
        The kernel over pixels, s times as high and as wide.
    """
    n_out, n_blocked, height, width = weight.shape
    n_channels = n_blocked // stride**2
    apart = weight.reshape(n_out, n_channels, stride, stride, height, width)
    return apart.permute(0, 1, 4, 2, 5, 3).reshape(n_out, n_channels, stride * height, stride * width)


def strided_stem(
    source: Float[Tensor, "b c h w"],
    stem: nn.Conv2d,
    stride: int,
    multiple_of: int,
    constant: ConstantChannels | None = None,
) -> Float[Tensor, "b o h2 w2"]:
    """Convolve blocks of pixels with a 3×3 kernel.

    Args:
        source: Images, without their constant channels.
        stem: The convolution over blocks.
        stride: Pixels along each side of a block.
        multiple_of: The images are filled with zeros at the bottom and on the right to a multiple of this many pixels.
        constant: The constant channels; None without such channels.

    Returns:
        Its response, one value for each block.
    """
    height, width = source.shape[2:]
    filling = (0, -width % multiple_of, 0, -height % multiple_of)
    kernel = strided_kernel(stem.weight, stride)
    of_varying, of_constant = kernel, kernel[:, :0]
    if constant is not None:
        after = constant.first + constant.values.shape[1]
        of_varying = torch.cat((kernel[:, : constant.first], kernel[:, after:]), dim=1)
        of_constant = kernel[:, constant.first : after]
    # Convolutions are faster where the channels of a pixel lie together.
    filled = functional.pad(source.to(_dtype_of_convolutions(source), memory_format=torch.channels_last), filling)
    response = functional.conv2d(filled, of_varying, stem.bias, stride, padding=stride)
    if constant is None:
        return response
    n_images, n_out = response.shape[:2]
    of_ones = torch.einsum("bk,okhw->bohw", constant.values, of_constant).flatten(0, 1)
    ones = functional.pad(filled.new_ones(1, n_images, height, width), filling)
    alike = functional.conv2d(ones, of_ones[:, None], None, stride, padding=stride, groups=n_images)
    return response + alike.reshape(n_images, n_out, *response.shape[2:])


def _dtype_of_convolutions(source: Tensor) -> torch.dtype:
    """Number format that a convolution converts the images to; converted before it, they are half as large to move."""
    kind = source.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else source.dtype
