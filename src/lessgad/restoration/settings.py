# SPDX-License-Identifier: Apache-2.0
"""The settings of restoration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lessgad.settings import Settings


class RestorationSettings(Settings):
    """How volumes are restored.

    Attributes:
        window: `whole_slice`; `sliding`: 128×160, half a step, blended with a Gaussian, as in the paper; `auto`:
            sliding for the preset `paper`, whose answer depends on the patch, whole slices for others.
        precision: `auto` takes bf16 where the GPU or the processor computes in it, else fp32.
        anchor: Restored images are moved to what was measured (`restoration.anchoring`). Needs a model that was trained
            with the T1 and with noise: without noise that would be arithmetic.
        slices_at_once: Slices in memory at a time; on two cores one is as fast as any other number.
    """

    window: Literal["auto", "whole_slice", "sliding"] = "auto"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    anchor: bool = True
    slices_at_once: int = Field(default=1, ge=1)
