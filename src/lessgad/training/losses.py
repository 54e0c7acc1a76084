# SPDX-License-Identifier: Apache-2.0
"""What training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Float

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_DOSE = 0.02
LARGEST_USUAL_ERROR = 0.6
USUAL_WITHOUT_DOSE = 0.3
INTERVAL_SHARE = 0.2
SMALLEST_MISSING_DOSE = 0.05
INTERVAL_LEVEL = 0.9


def plain_l1(
    restored: Float[Tensor, "b 1 h w"], standard_dose: Float[Tensor, "b 1 h w"], dose: Float[Tensor, " b"]
) -> Float[Tensor, ""]:
    """Compute the mean absolute error, regardless of the dose, as in the paper for models of one dose.

    Args:
        restored: Restored images, on [−1, 1].
        standard_dose: Standard-dose images, on [−1, 1].
        dose: Dose of each image, 0–1.

    Returns:
        The loss, a scalar.
    """
    del dose
    return (restored - standard_dose).abs().mean()


def relative_l1(
    restored: Float[Tensor, "b 1 h w"], standard_dose: Float[Tensor, "b 1 h w"], dose: Float[Tensor, " b"]
) -> Float[Tensor, ""]:
    """Compute the mean absolute error, divided by the share of the dose that is missing.

        mean |restored − standard| / max(1 − β, 0.05)

    A noise-free mix misses (1 − β) of the enhancement, so this gives a decibel of gain the same weight at every dose;
    plain L1 would be dominated by the lowest doses.

    Args:
        restored: Restored images, on [−1, 1].
        standard_dose: Standard-dose images, on [−1, 1].
        dose: Dose of each image, 0–1.

    Returns:
        The loss, a scalar.
    """
    missing = (1 - dose).clamp_min(SMALLEST_MISSING_DOSE)[:, None, None, None]
    return ((restored - standard_dose).abs() / missing).mean()


def usual_error(noise: Float[Tensor, " b"], dose: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
    """Estimate the usual error of an image at a dose.

        0.02 + noise/β

    Args:
        noise: Noise of the difference between low dose and T1, averaged over 1 mm.
        dose: β.

    Returns:
        The error, 0.02–0.6 on the scale of the images.
    """
    usual = 0.02 + noise / dose.clamp_min(SMALLEST_DOSE)
    unmeasured = dose < SMALLEST_DOSE
    return usual.masked_fill(unmeasured, USUAL_WITHOUT_DOSE).clamp_max(LARGEST_USUAL_ERROR)


def weighted_huber(
    restored: Float[Tensor, "b 1 h w"],
    half_width: Float[Tensor, "b 1 h w"] | None,
    standard_dose: Float[Tensor, "b 1 h w"],
    usual: Float[Tensor, " b"],
) -> Float[Tensor, ""]:
    """Mean of h((restored − standard)/u), h Huber's loss with its bend at 1, and the pinball loss of the half-width.

    Within the usual error u it is quadratic, so that the mean is learned, not the median: a median leaves faint
    enhancement out.

    Args:
        restored: Restored image on the scale of [−1, 1].
        half_width: Before calibration; None where the field gives none.
        standard_dose: The target.
        usual: u of each patch.

    Returns:
        The loss, a scalar.
    """
    from torch.nn.functional import huber_loss

    scale = 1 / usual[:, None, None, None]
    loss: Float[Tensor, ""] = huber_loss(scale * restored, scale * standard_dose)
    if half_width is None:
        return loss
    return loss + INTERVAL_SHARE * interval_loss(scale * half_width, scale * restored, scale * standard_dose)


def interval_loss(
    half_width: Float[Tensor, "b 1 h w"],
    restored: Float[Tensor, "b 1 h w"],
    standard_dose: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """Compute the pinball loss, which is smallest if 90 % of the absolute errors lie within the half-width.

        mean max(q·(e − h), (1 − q)·(h − e)),   e = |restored − standard|, q = 0.9

    No gradient reaches the restored image: it is not made worse so that its error can be told.

    Source: Koenker & Bassett, Econometrica 1978.

    Args:
        half_width: Half-width of the interval of each pixel.
        restored: Restored images, on [−1, 1].
        standard_dose: Standard-dose images, on [−1, 1].

    Returns:
        The loss, a scalar.
    """
    import torch

    excess = (restored.detach() - standard_dose).abs() - half_width
    return torch.maximum(INTERVAL_LEVEL * excess, (INTERVAL_LEVEL - 1) * excess).mean()
