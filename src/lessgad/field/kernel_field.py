# SPDX-License-Identifier: Apache-2.0
"""The kernel field: for each pixel a convex combination of averages of what was measured, and a small residual.

    restored = T1 + Σ_k w_k c_k + b · tanh(r),   w = softmax(ℓ),   b = 2 · g · (Σ_k w_k s_k + m)

c_k are averages of the scaled difference between low dose and T1 (`measured_enhancement`), s_k their noise, g the gain
to the standard dose, m what misalignment can do. The network predicts ℓ, r and how far off the image may be. Untrained
it weights each average by 1/(noise² + blur²). Its image never lies further from an average of the measured enhancement
than twice the noise of that average: where nothing was measured, it can invent next to nothing. The fine structure of
the T1 stays as it was scanned.

Sources: kernel prediction after Bako et al. (ACM TOG 2017) and Mildenhall et al. (CVPR 2018); shifts from an encoder
and a network per pixel after CoNeS (Chen et al., MELBA 2024). Positions are left out: they tell a network where
training had its tumors.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lessgad.field.conditional_field import FieldOutput
from lessgad.field.encoder import CompactEncoder
from lessgad.field.gaussian_averages import N_AVERAGES, WIDTHS_MM
from lessgad.field.kernel_sources import N_CONSTANTS, n_source_channels
from lessgad.field.presets import FieldSettings
from lessgad.field.strided_stem import ConstantChannels

N_SDS = 2.0  # of its noise, by which the image may differ from an average
LEAST_HALF_WIDTH = 1e-3
BLUR_PER_MM = 0.06  # usual error of an average for each mm of its width, on the scale of the images
SQUASHED_AT = 2.0  # on the scale of the images; beyond it, the network no longer distinguishes values of scaled noise


class KernelField(nn.Module):
    """Restore slices from the sources that `kernel_sources` stacks."""

    def __init__(self, settings: FieldSettings) -> None:
        super().__init__()
        self.settings = settings
        self._n_seen = settings.n_slices_seen
        n_sources = n_source_channels(settings.n_neighbor_slices)
        n_encoded = n_sources + N_AVERAGES
        self.encoder = CompactEncoder(n_encoded, settings)
        stem = settings.shift_stride
        self.shifts = nn.Conv2d(settings.feature_channels, stem**2 * settings.field_width, 1)
        self.at_pixels = nn.Conv2d(2 * N_AVERAGES + 2, settings.field_width, 3, padding=1)
        self.hidden = nn.Conv2d(settings.field_width, settings.field_width, 3, padding=1)
        self.last = nn.Conv2d(settings.field_width, N_AVERAGES + 2, 1)
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)

    def forward(
        self, source: Float[Tensor, "b c h w"], dose: Float[Tensor, " b"], position_mm: Float[Tensor, "b 2 h w"]
    ) -> Float[Tensor, "b 1 h w"]:
        """Restore a batch of slices or patches; see `forward_in_full`.

        Args:
            source: Input images, on [−1, 1].
            dose: Dose of each image, 0–1.
            position_mm: Position of each pixel, in mm.

        Returns:
            Restored images, on [−1, 1].
        """
        return self.forward_in_full(source, dose, position_mm).restored

    def forward_in_full(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],  # noqa: ARG002 - it is among the sources
        position_mm: Float[Tensor, "b 2 h w"],  # noqa: ARG002 - as for other fields
    ) -> FieldOutput:
        """Restore, and say how far off the image may be.

        Args:
            source: Input channels from `kernel_sources`; the last ones must be constant over each image.
            dose: Fraction of the standard dose of each; the sources have it too.
            position_mm: Not used.

        Returns:
            The standard-dose image on [−1, 1] (not clipped), float32, and its half-width before calibration.
        """
        n, middle = self._n_seen, self._n_seen // 2
        t1 = source[:, middle : middle + 1].float()
        averages = source[:, 2 * n : 2 * n + N_AVERAGES].float()
        misalignment, gain = (source[:, 2 * n + N_AVERAGES + i : 2 * n + N_AVERAGES + i + 1].float() for i in (0, 1))
        constants = source[:, -N_CONSTANTS:].float()
        noise = gain * constants[:, :N_AVERAGES]
        sigma = constants[:, N_AVERAGES : N_AVERAGES + 1]
        said = self._said(source, t1, averages, noise, misalignment)
        weights = torch.softmax(said[:, :N_AVERAGES] + _usual_logits(noise), dim=1)
        bound = (weights * noise).sum(dim=1, keepdim=True) + misalignment
        residual = N_SDS * bound * torch.tanh(said[:, N_AVERAGES : N_AVERAGES + 1])
        restored = t1 - 1 + (weights * averages).sum(dim=1, keepdim=True) + residual
        half_width = None
        if self.settings.interval:
            half_width = (bound.detach() + sigma + 0.01) * functional.softplus(
                said[:, N_AVERAGES + 1 :]
            ) + LEAST_HALF_WIDTH
        return FieldOutput(restored, half_width, said.new_zeros(len(said), 1, 1, 1))

    def _said(
        self,
        source: Float[Tensor, "b c h w"],
        t1: Float[Tensor, "b 1 h w"],
        averages: Float[Tensor, "b k h w"],
        noise: Float[Tensor, "b k h w"],
        misalignment: Float[Tensor, "b 1 h w"],
    ) -> Float[Tensor, "b o h w"]:
        height, width = source.shape[-2:]
        n, n_maps = self._n_seen, source.shape[1] - N_CONSTANTS
        stands_out = torch.tanh(averages / (3 * noise + 1e-3)).to(source.dtype)
        squashed = SQUASHED_AT * torch.tanh(source[:, :n_maps] / SQUASHED_AT)
        constant = ConstantChannels(source[:, n_maps:, 0, 0], n_maps)
        features = self.encoder(torch.cat((squashed, stands_out), dim=1), constant)
        shifts = functional.pixel_shuffle(self.shifts(features), self.settings.shift_stride)[..., :height, :width]
        squashed_averages = squashed[:, 2 * n : 2 * n + N_AVERAGES]
        own = torch.cat((t1, squashed_averages, stands_out, misalignment), dim=1).to(shifts.dtype)
        own = own.contiguous(memory_format=torch.channels_last)
        hidden = functional.leaky_relu(self.at_pixels(own) + shifts, 0.01)
        hidden = functional.leaky_relu(self.hidden(hidden), 0.01)
        return self.last(hidden).float()


def _usual_logits(noise: Float[Tensor, "b k h w"]) -> Float[Tensor, "b k h w"]:
    """ℓ that the network adds to: −log(noise² + blur²) of each average."""
    widths = noise.new_tensor(WIDTHS_MM)[:, None, None]
    return -torch.log(noise**2 + (BLUR_PER_MM * widths) ** 2 + 1e-6)
