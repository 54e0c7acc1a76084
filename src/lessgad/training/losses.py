# SPDX-License-Identifier: Apache-2.0
"""What training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_MISSING_DOSE = 0.05
INTERVAL_LEVEL = 0.9


def plain_l1(
    restored: Float[Tensor, "b 1 h w"], standard_dose: Float[Tensor, "b 1 h w"], dose: Float[Tensor, " b"]
) -> Float[Tensor, ""]:
    """Mean absolute error, whatever the dose: the paper's, for models of one dose."""
    del dose
    return (restored - standard_dose).abs().mean()


def relative_l1(
    restored: Float[Tensor, "b 1 h w"], standard_dose: Float[Tensor, "b 1 h w"], dose: Float[Tensor, " b"]
) -> Float[Tensor, ""]:
    """Mean absolute error, divided by the share of the dose that is missing.

        mean |restored − standard| / max(1 − β, 0.05)

    A noise-free mix misses (1 − β) of the enhancement, so this weighs a decibel of gain alike at every dose; plain
    L1 would spend itself on the lowest doses.
    """
    missing = (1 - dose).clamp_min(SMALLEST_MISSING_DOSE)[:, None, None, None]
    return ((restored - standard_dose).abs() / missing).mean()


def interval_loss(
    half_width: Float[Tensor, "b 1 h w"],
    restored: Float[Tensor, "b 1 h w"],
    standard_dose: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """Pinball loss that is smallest where 90 % of the absolute errors lie within the half-width.

        mean max(q·(e − h), (1 − q)·(h − e)),   e = |restored − standard|, q = 0.9

    No gradient reaches the restored image: it is not made worse so that its error can be told.

    Source: Koenker & Bassett, Econometrica 1978.
    """
    import torch

    excess = (restored.detach() - standard_dose).abs() - half_width
    return torch.maximum(INTERVAL_LEVEL * excess, (INTERVAL_LEVEL - 1) * excess).mean()
