# SPDX-License-Identifier: Apache-2.0
"""Which number format a machine computes in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Literal

import torch

Precision = Literal["auto", "bf16", "fp32"]


def resolve_precision(precision: Precision, device: torch.device) -> Literal["bf16", "fp32"]:
    """Resolve `auto` for a device: bf16 if the hardware computes in it, otherwise fp32.

    Args:
        precision: The chosen precision.
        device: Device on which the network computes.

    Returns:
        The precision.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and _processor_has_bf16() else "fp32"


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Compute in the chosen precision inside the block; weights and results stay fp32.

    Args:
        device: Device on which the network computes.
        precision: The chosen precision.

    Returns:
        The context.
    """
    wanted = resolve_precision(precision, device)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=wanted == "bf16")


@cache
def _processor_has_bf16() -> bool:
    """Linux says so in /proc/cpuinfo; elsewhere fp32 is always right, if slower."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return False
    flags = next((line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("flags")), "")
    return bool({"avx512_bf16", "amx_bf16"} & set(flags.split()))
