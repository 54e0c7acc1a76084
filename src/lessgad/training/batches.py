# SPDX-License-Identifier: Apache-2.0
"""Patches stacked for the field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lessgad.errors import ModelError
from lessgad.field.inputs import images_seen
from lessgad.field.kernel_sources import kernel_sources
from lessgad.field.measured_enhancement import measured_enhancement
from lessgad.field.position import position_grid_mm
from lessgad.field.presets import FieldSettings
from lessgad.training.patches import Patch


@dataclass(frozen=True, eq=False)
class Batch:
    """Data of one training step.

    Attributes:
        source: (b, c, h, w), the inputs of the field in its order, each with its slices.
        standard_dose: (b, 1, h, w), the target.
        dose: (b,), fraction of the standard dose.
        position_mm: (b, 2, h, w).
    """

    source: Float[Tensor, "b c h w"]
    standard_dose: Float[Tensor, "b 1 h w"]
    dose: Float[Tensor, " b"]
    position_mm: Float[Tensor, "b 2 h w"]

    def to(self, device: torch.device) -> Batch:
        """Move the batch to another device."""
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


def stack_patches(patches: Sequence[Patch], field: FieldSettings) -> Batch:
    """Stack patches into a batch, with the inputs of the field in its order and their neighboring slices.

    Args:
        patches: The patches.
        field: Settings of the network.

    Returns:
        The batch.

    Raises:
        ModelError: A kernel field, and a patch without the facts of its scans.
    """
    sources, positions = [], []
    for patch in patches:
        sources.append(_source(patch, field))
        positions.append(position_grid_mm(patch.standard_dose.shape, patch.spacing_mm, patch.center))
    return Batch(
        source=torch.from_numpy(np.stack(sources)),
        standard_dose=torch.from_numpy(np.stack([patch.standard_dose for patch in patches]))[:, None],
        dose=torch.tensor([patch.dose for patch in patches], dtype=torch.float32),
        position_mm=torch.stack(positions),
    )


def _source(patch: Patch, field: FieldSettings) -> Float[np.ndarray, "c h w"]:
    if field.preset != "kernel":
        return np.concatenate(list(images_seen(patch.images, field.inputs).values()))
    if patch.facts is None:
        raise ModelError("A kernel field needs the slice spacing and the noise of the scans")
    middle = len(patch.low_dose) // 2
    evidence = measured_enhancement(patch.pre_contrast, patch.low_dose, patch.dose, patch.facts, [middle])
    return kernel_sources(evidence, field.n_neighbor_slices)[0]
