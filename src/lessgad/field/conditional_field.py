# SPDX-License-Identifier: Apache-2.0
"""The conditional neural field: a small network per pixel, shifted by what an encoder sees around it.

Source: CoNeS (Chen et al., MELBA 2024). The published network is a preset of its own; this one keeps the
idea (image features → shifts → pixel-wise network with position encoding) at a cost that a CPU bears.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lessgad.field.encoder import CompactEncoder
from lessgad.field.position import position_encoding
from lessgad.field.presets import FieldSettings


class ConditionalField(nn.Module):
    """Restore slices: field(x) = W_n(… ReLU(W_1 [source, dose, position] + s_1) …) + s_n.

    The shifts s come from the encoder, one set per pixel, interpolated from its coarser grid.
    """

    def __init__(self, settings: FieldSettings) -> None:
        super().__init__()
        self.settings = settings
        n_sources = len(settings.inputs) + (1 if settings.told_the_dose else 0)
        widths = [settings.field_width] * settings.n_hidden_layers + [1]
        self.encoder = CompactEncoder(n_sources, settings)
        self.shifts = nn.Conv2d(settings.feature_channels, sum(widths), 1)
        n_in = n_sources + 4 * settings.n_frequencies
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 1) for before, after in zip([n_in, *widths[:-1]], widths, strict=True)
        )
        self._widths = widths

    def forward(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        position_mm: Float[Tensor, "b 2 h w"],
    ) -> Float[Tensor, "b 1 h w"]:
        """Restore a batch of slices or patches.

        Args:
            source: The images named by `settings.inputs`, in that order, on [−1, 1], background −1.
            dose: Fraction of the standard dose of each.
            position_mm: (y, x) of each pixel from the centre of the head box.

        Returns:
            The standard-dose image, float32; at dose 1 and output `residual`, the low-dose image itself.
        """
        return self.forward_with_shifts(source, dose, position_mm)[0]

    def forward_with_shifts(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        position_mm: Float[Tensor, "b 2 h w"],
    ) -> tuple[Float[Tensor, "b 1 h w"], Float[Tensor, "b s h w"]]:
        """Restore, and give the shifts of all layers too."""
        height, width = source.shape[-2:]
        stride = self.settings.stride
        padding = (0, -width % stride, 0, -height % stride)
        seen = self._seen(source, dose)
        features = self.encoder(functional.pad(seen, padding))
        factor = float(self.settings.shift_stride)
        shifts = functional.interpolate(self.shifts(features), scale_factor=factor, mode="bilinear", align_corners=False)
        shifts = shifts[..., :height, :width]
        wave = position_mm * (2.0 / self.settings.longest_wave_mm)
        hidden = torch.cat((seen, position_encoding(wave, self.settings.n_frequencies)), dim=1)
        parts = torch.split(shifts, self._widths, dim=1)
        for index, (layer, shift) in enumerate(zip(self.layers, parts, strict=True)):
            hidden = layer(hidden) + shift
            if index < len(self._widths) - 1:
                hidden = functional.leaky_relu(hidden, 0.01)
        return self._output(hidden.float(), source, dose), shifts

    def _seen(self, source: Float[Tensor, "b c h w"], dose: Float[Tensor, " b"]) -> Float[Tensor, "b s h w"]:
        """Sources with background at 0, so that padding with zeros is background, and the dose beside them."""
        images = source + 1
        if not self.settings.told_the_dose:
            return images
        level = dose.to(images.dtype)[:, None, None, None].expand(-1, 1, *images.shape[-2:])
        return torch.cat((images, level), dim=1)

    def _output(
        self, field: Float[Tensor, "b 1 h w"], source: Float[Tensor, "b c h w"], dose: Float[Tensor, " b"]
    ) -> Float[Tensor, "b 1 h w"]:
        if self.settings.output == "tanh":
            return torch.tanh(field)
        index = self.settings.inputs.index("low_dose")
        low_dose = source[:, index : index + 1].float()
        return low_dose + (1 - dose.float())[:, None, None, None] * field
