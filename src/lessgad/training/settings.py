# SPDX-License-Identifier: Apache-2.0
"""The settings of training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lessgad.settings import Settings

PatchLength = Annotated[int, Field(ge=8, le=4096)]
Decay = Annotated[float, Field(ge=0, lt=1)]


class TrainingSettings(Settings):
    """How a field is trained.

    Attributes:
        models: `conditioned`: one model that is told the dose; `per_dose`: the paper's one model for each dose.
        n_samples: Length of training of each model, in patches.
        batch_size: Patches per step.
        patch_size: Rows (y) and columns (x) of a patch.
        learning_rate: Of Adam; constant for half of the samples, then linear to zero.
        betas: Of Adam.
        tumor_share: Share of patches that hold tumor, from studies that have a mask.
        flip: Mirror half of the patches left to right.
        precision: `auto` takes bf16 where the processor computes in it, else fp32.
        validate_every: Samples between two validations.
        n_validation_slices: Slices per validation study, evenly through the tumor.
        seed: Of weights and of everything drawn.
    """

    models: Literal["conditioned", "per_dose"] = "conditioned"
    n_samples: int = Field(default=40_000, ge=1)
    batch_size: int = Field(default=4, ge=1)
    patch_size: tuple[PatchLength, PatchLength] = (128, 160)
    learning_rate: float = Field(default=1e-3, gt=0)
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    tumor_share: float = Field(default=0.5, ge=0, le=1)
    flip: bool = True
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    validate_every: int = Field(default=2_000, ge=1)
    n_validation_slices: int = Field(default=8, ge=1)
    seed: int = Field(default=1, ge=0)
