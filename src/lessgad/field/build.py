# SPDX-License-Identifier: Apache-2.0
"""From settings to a network."""

from __future__ import annotations

from lessgad.field.conditional_field import ConditionalField
from lessgad.field.kernel_field import KernelField
from lessgad.field.paper_field import PaperField
from lessgad.field.presets import FieldSettings

AnyField = ConditionalField | KernelField | PaperField


def build_field(settings: FieldSettings) -> AnyField:
    """Make a new network of the preset that the settings name, weights drawn from torch's generator."""
    if settings.preset == "kernel":
        return KernelField(settings)
    return PaperField(settings) if settings.preset == "paper" else ConditionalField(settings)
