# SPDX-License-Identifier: Apache-2.0
"""Where fields compute."""

from __future__ import annotations

import torch


def compute_device() -> torch.device:
    """The GPU where torch finds one, else the processor; CUDA_VISIBLE_DEVICES says which, and none where empty."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
