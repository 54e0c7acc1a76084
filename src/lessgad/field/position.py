# SPDX-License-Identifier: Apache-2.0
"""The position of a pixel, and its encoding for the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float

if TYPE_CHECKING:
    from torch import Tensor


def position_grid_mm(
    shape: tuple[int, int], spacing_mm: tuple[float, float], center: tuple[float, float]
) -> Float[Tensor, "2 h w"]:
    """Give each pixel of a slice its place in millimeters from a center.

    Args:
        shape: (h, w), rows along y and columns along x.
        spacing_mm: Distance between rows and between columns.
        center: (row, column) that lies at 0 mm, in pixels; fractions and values outside the slice are fine.

    Returns:
        (2, h, w): y in mm, then x in mm.
    """
    import torch

    y_mm = (torch.arange(shape[0], dtype=torch.float32) - center[0]) * spacing_mm[0]
    x_mm = (torch.arange(shape[1], dtype=torch.float32) - center[1]) * spacing_mm[1]
    return torch.stack(torch.meshgrid(y_mm, x_mm, indexing="ij"))


def position_encoding(
    position: Float[Tensor, "b 2 h w"], n_frequencies: int
) -> Float[Tensor, "b {4*n_frequencies} h w"]:
    """Encode positions as waves of doubling frequency.

        for k = 0 … n_frequencies − 1: cos(2^k π x), sin(2^k π x), cos(2^k π y), sin(2^k π y)

    Args:
        position: (y, x) per pixel, in units of half the longest wave.
        n_frequencies: Number of octaves.

    Returns:
        cos and sin of each frequency, on [−1, 1].

    Source: CoNeS (Chen et al., MELBA 2024), position encoding; there x and y run from 0 to 1 over the patch.
    """
    import math

    import torch

    waves = [position[:, :0]]  # no octaves: no channels
    for k in range(n_frequencies):
        phase = (2**k * math.pi) * position.flip(1)
        cosine, sine = torch.cos(phase), torch.sin(phase)
        waves.append(torch.stack((cosine, sine), dim=2).flatten(1, 2))
    return torch.cat(waves, dim=1)
