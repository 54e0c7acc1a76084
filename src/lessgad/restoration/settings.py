# SPDX-License-Identifier: Apache-2.0
"""The settings of restoration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from lessgad.settings import Settings


class RestorationSettings(Settings):
    """Settings of the restoration of volumes.

    Attributes:
        window: `whole_slice`; `sliding`: 128×160, half a step, blended with a Gaussian, as in the paper; `auto`:
            sliding for the preset `paper`, whose answer depends on the patch, whole slices for others.
        precision: `auto` takes bf16 where the GPU or the processor computes in it, else fp32.
        slices_at_once: Slices in memory at a time; on two cores one is as fast as any other number.
        interval_patients: Validation patients that intervals need at least. One or two cannot tell how errors differ
            between patients.
    """

    window: Literal["auto", "whole_slice", "sliding"] = "auto"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    slices_at_once: int = Field(default=1, ge=1)
    interval_patients: int = Field(default=3, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_gone(cls, given: object) -> object:
        """Older files set `anchor`, a correction toward the measurement that true scans did not gain from."""
        return {key: value for key, value in given.items() if key != "anchor"} if isinstance(given, dict) else given
