# SPDX-License-Identifier: Apache-2.0
"""The learning rate over a training."""

from __future__ import annotations

WARM_UP_SHARE = 0.01


def learning_rate_factor(progress: float) -> float:
    """Compute the factor of the learning rate: a short rise, constant for half of the training, then linear to zero.

    Args:
        progress: Share of the training that is done, 0–1.

    Returns:
        The factor, 0–1.

    Source: constant-then-linear is the paper's (100 + 100 epochs); the rise over the first 1 % is ours.
    """
    rise = min(1.0, (progress + WARM_UP_SHARE / 10) / WARM_UP_SHARE)
    return rise * min(1.0, max(0.0, 2 * (1 - progress)))
