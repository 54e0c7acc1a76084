# SPDX-License-Identifier: Apache-2.0
"""The published network, called as every field of lessgad is."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lessgad.field.conditional_field import FieldOutput
from lessgad.field.presets import FieldSettings
from lessgad.field.published import PublishedField


class PaperField(nn.Module):
    """Restore patches with the published network; it knows places by its own encoding, which spans the patch.

    Attributes:
        settings: Settings of the network; only the inputs and `told_the_dose` matter here.
        network: The published network, with one input more where it is told the dose.

    Args:
        settings: Settings of the network.
    """

    def __init__(self, settings: FieldSettings) -> None:
        super().__init__()
        self.settings = settings
        self.network = PublishedField(len(settings.inputs) + int(settings.told_the_dose))

    @classmethod
    def of(cls, network: PublishedField, settings: FieldSettings) -> PaperField:
        """Wrap an existing network.

        Args:
            network: The published network.
            settings: Settings of the network.

        Returns:
            The field.
        """
        with torch.device("meta"):  # no weights are drawn only to be thrown away
            field = cls(settings)
        field.network = network
        return field

    def forward(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        position_mm: Float[Tensor, "b 2 h w"],
    ) -> Float[Tensor, "b 1 h w"]:
        """Restore a batch of patches, as `ConditionalField.forward`; `position_mm` is not used.

        Args:
            source: Input images, on [−1, 1].
            dose: Dose of each image, 0–1.
            position_mm: Position of each pixel, in mm.

        Returns:
            Restored images, on [−1, 1].

        Raises:
            ModelError: Too small a patch.
        """
        return self.forward_in_full(source, dose, position_mm).restored

    def forward_in_full(
        self,
        source: Float[Tensor, "b c h w"],
        dose: Float[Tensor, " b"],
        position_mm: Float[Tensor, "b 2 h w"],
    ) -> FieldOutput:
        """Restore, and return the shifts too; the published network predicts no interval.

        Args:
            source: Input images, on [−1, 1].
            dose: Dose of each image, 0–1.
            position_mm: Position of each pixel, in mm.

        Returns:
            All outputs.
        """
        del position_mm
        if self.settings.told_the_dose:
            level = (2 * dose - 1).to(source.dtype)[:, None, None, None].expand(-1, 1, *source.shape[-2:])
            source = torch.cat((source, level), dim=1)
        restored, shifts = self.network.forward_with_shifts(source)
        return FieldOutput(restored, None, shifts)
