# SPDX-License-Identifier: Apache-2.0
"""What the generator and the discriminator of the published training make small.

Judgments are what `MultiScaleDiscriminator` gives: per scale the features of each layer, the prediction last.
Source: CoNeS (Chen et al., MELBA 2024); hinge loss after Lim and Ye (2017), feature matching after pix2pixHD (Wang et
al., CVPR 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Judgments = Sequence[Sequence[Tensor]]


def discriminator_hinge(real: Judgments, fake: Judgments) -> Float[Tensor, ""]:
    """Compute the hinge loss of the discriminator, averaged over scales.

    mean max(0, 1 − D(real)) + mean max(0, 1 + D(fake)), where D are the predictions; 2 if D cannot tell them apart.

    Args:
        real: Judgments of the discriminator on standard-dose images.
        fake: Judgments of the discriminator on restored images.

    Returns:
        The loss, a scalar.
    """
    losses = [
        functional.relu(1 - of_real[-1]).mean() + functional.relu(1 + of_fake[-1]).mean()
        for of_real, of_fake in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_hinge(fake: Judgments) -> Float[Tensor, ""]:
    """Compute the adversarial loss of the generator, −mean D(fake), averaged over scales.

    Args:
        fake: Judgments of the discriminator on restored images.

    Returns:
        The loss, a scalar.
    """
    return torch.stack([-of_fake[-1].mean() for of_fake in fake]).mean()


def feature_matching(real: Judgments, fake: Judgments) -> Float[Tensor, ""]:
    """Compute the distance between features of real and fake images, without gradient for the real ones.

    Σ_layers mean |F(fake) − F(real)|, mean over scales, the prediction left out.

    Reading: summed over layers and averaged over scales, as in SPADE (Park et al., CVPR 2019), which the weight of 10
    belongs to.

    Args:
        real: Judgments of the discriminator on standard-dose images.
        fake: Judgments of the discriminator on restored images.

    Returns:
        The loss, a scalar.
    """
    losses = []
    for of_real, of_fake in zip(real, fake, strict=True):
        layers = zip(of_real[:-1], of_fake[:-1], strict=True)
        losses.append(torch.stack([functional.l1_loss(f, r.detach()) for r, f in layers]).sum())
    return torch.stack(losses).mean()


def shift_regularization(shifts: Float[Tensor, "b s h w"]) -> Float[Tensor, ""]:
    """Compute the mean square of the shifts that the encoder predicts for the field.

    Args:
        shifts: The predicted shifts.

    Returns:
        The loss, a scalar.
    """
    return shifts.square().mean()
