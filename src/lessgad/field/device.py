# SPDX-License-Identifier: Apache-2.0
"""Where fields compute."""

from __future__ import annotations

import torch


def compute_device() -> torch.device:
    """Choose the GPU if torch finds one, otherwise the processor; CUDA_VISIBLE_DEVICES selects or hides GPUs."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
