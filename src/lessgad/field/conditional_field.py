# SPDX-License-Identifier: Apache-2.0
"""The conditional neural field: a small network per pixel, shifted by what an encoder sees around it.

Source: CoNeS (Chen et al., MELBA 2024). The published network is a preset of its own; this one keeps the
idea (image features → shifts → pixel-wise network with position encoding) at a cost that a CPU bears.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lessgad.field.encoder import CompactEncoder
from lessgad.field.position import position_encoding
from lessgad.field.presets import FieldSettings

HALF_WIDTH_UNIT = 0.1  # of what the field says of its error, on the scale of [−1, 1]
SMALLEST_HALF_WIDTH = 1e-4
#: Dose at which noise and enhancement are about equal: the gain β/(β² + ν²) of a difference is Wiener's there.
NOISE_TO_ENHANCEMENT = 0.1


class FieldOutput(NamedTuple):
    """Output of a field for a batch.

    Attributes:
        restored: The standard-dose image.
        half_width: Predicted half-width of the interval before calibration, > 0; None if the field does not predict it.
        shifts: Shifts of all layers, so that training can penalize them.
    """

    restored: Float[Tensor, "b 1 h w"]
    half_width: Float[Tensor, "b 1 h w"] | None
    shifts: Float[Tensor, "b s h w"]


class ConditionalField(nn.Module):
    """Restore slices: field(x) = W_n(… ReLU(W_1 [source, dose, position] + s_1) …) + s_n.

    The shifts s come from the encoder, one set per pixel, interpolated from its coarser grid. A second output, where
    the settings ask for it, says how far off the first may be.
    """

    def __init__(self, settings: FieldSettings) -> None:
        super().__init__()
        self.settings = settings
        n_sources = settings.n_sources
        widths = [settings.field_width] * settings.n_hidden_layers + [2 if settings.interval else 1]
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
            source: The images named by `settings.inputs`, in that order, each with its neighboring slices
                (`settings.channels_of`), on [−1, 1], background −1.
            dose: Fraction of the standard dose of each.
            position_mm: (y, x) of each pixel from the center of the head box.

        Returns:
            The standard-dose image, float32; at dose 1 and output `residual`, the low-dose image itself.
        """
        return self.forward_in_full(source, dose, position_mm).restored

    def forward_in_full(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        position_mm: Float[Tensor, "b 2 h w"],
    ) -> FieldOutput:
        """Restore, and return the other outputs of the field too.

        Args:
            source: Input images, on [−1, 1].
            dose: Dose of each image, 0–1.
            position_mm: Position of each pixel, in mm.

        Returns:
            All outputs.
        """
        height, width = source.shape[-2:]
        coarse = self._coarse_shifts(source, dose)
        factor = float(self.settings.shift_stride)
        shifts = functional.interpolate(coarse, scale_factor=factor, mode="bilinear", align_corners=False)
        return self._at_pixels(source, dose, position_mm, shifts[..., :height, :width])

    def forward_onto(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        source_there: Float[Tensor, "b c hh ww"],
        position_there_mm: Float[Tensor, "b 2 hh ww"],
        rows: Float[Tensor, " hh"],
        columns: Float[Tensor, " ww"],
    ) -> FieldOutput:
        """Restore at other positions than those of the pixels.

        Args:
            source: Input images, as for `forward`.
            dose: Dose of each image, as for `forward`.
            source_there: The same images at the wanted places.
            position_there_mm: (y, x) of these places.
            rows: Row of each place in pixels of the source, fractions included.
            columns: Column of each place, fractions included.

        Returns:
            The restored image at these positions.
        """
        coarse = self._coarse_shifts(source, dose)
        stride = self.settings.shift_stride
        y, x = (
            (2 * places + 1) / (stride * n) - 1 for places, n in zip((rows, columns), coarse.shape[-2:], strict=True)
        )
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1).expand(len(source), -1, -1, -1)
        shifts = functional.grid_sample(
            coarse, grid.to(coarse.dtype), mode="bilinear", padding_mode="border", align_corners=False
        )
        return self._at_pixels(source_there, dose, position_there_mm, shifts)

    def _coarse_shifts(self, source: Float[Tensor, "b c h w"], dose: Float[Tensor, " b"]) -> Float[Tensor, "b s y x"]:
        return self.shifts(self.encoder(self._seen(source, dose)))

    def _at_pixels(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        position_mm: Float[Tensor, "b 2 h w"],
        shifts: Float[Tensor, "b s h w"],
    ) -> FieldOutput:
        wave = position_mm * (2.0 / self.settings.longest_wave_mm)
        hidden = torch.cat((self._seen(source, dose), position_encoding(wave, self.settings.n_frequencies)), dim=1)
        parts = torch.split(shifts, self._widths, dim=1)
        for index, (layer, shift) in enumerate(zip(self.layers, parts, strict=True)):
            hidden = layer(hidden) + shift
            if index < len(self._widths) - 1:
                hidden = functional.leaky_relu(hidden, 0.01)
        said = hidden.float()
        half_width = None
        if self.settings.interval:
            half_width = HALF_WIDTH_UNIT * functional.softplus(said[:, 1:]) + SMALLEST_HALF_WIDTH
        return FieldOutput(self._output(said[:, :1], source, dose), half_width, shifts)

    def _seen(self, source: Float[Tensor, "b c h w"], dose: Float[Tensor, " b"]) -> Float[Tensor, "b s h w"]:
        """Stack sources with background at 0, so that padding with zeros is background, with dose and difference."""
        images = source + 1
        seen, level = [images], dose.to(images.dtype)[:, None, None, None]
        if self.settings.told_the_dose:
            seen.append(level.expand(-1, 1, *images.shape[-2:]))
        if self.settings.sees_difference:
            t1, low_dose = (images[:, self.settings.channels_of(name)] for name in ("pre_contrast", "low_dose"))
            seen.append(level / (level**2 + NOISE_TO_ENHANCEMENT**2) * (low_dose - t1))
        return torch.cat(seen, dim=1) if len(seen) > 1 else images

    def _output(
        self, field: Float[Tensor, "b 1 h w"], source: Float[Tensor, "b c h w"], dose: Float[Tensor, " b"]
    ) -> Float[Tensor, "b 1 h w"]:
        if self.settings.output == "tanh":
            return torch.tanh(field)
        middle = self.settings.channels_of("low_dose").start + self.settings.n_neighbor_slices
        low_dose = source[:, middle : middle + 1].float()
        return low_dose + (1 - dose.float())[:, None, None, None] * field
