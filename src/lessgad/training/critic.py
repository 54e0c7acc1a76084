# SPDX-License-Identifier: Apache-2.0
"""The discriminator that learns beside the field, and what it tells the field."""

from __future__ import annotations

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor

from lessgad.training.adversarial_losses import (
    Judgments,
    discriminator_hinge,
    feature_matching,
    generator_hinge,
)
from lessgad.training.discriminator import MultiScaleDiscriminator
from lessgad.training.settings import TrainingSettings


class Critic:
    """A multi-scale PatchGAN with its Adam; it learns from images under a little noise, which makes it less sure.

    Attributes:
        discriminator: The network itself, as it is saved.
        adam: Its optimizer, as it is saved.

    Args:
        n_inputs: Number of input images of the field.
        settings: Settings of the training.
        fabric: Runs the discriminator on its device.
    """

    def __init__(self, n_inputs: int, settings: TrainingSettings, fabric: Fabric) -> None:
        self._settings, self._fabric = settings, fabric
        self.discriminator = MultiScaleDiscriminator(n_inputs).to(memory_format=torch.channels_last)
        rate = settings.discriminator_learning_rate
        self.adam = torch.optim.Adam(self.discriminator.parameters(), lr=rate, betas=settings.betas)
        self._wrapped, self._wrapped_adam = fabric.setup(self.discriminator, self.adam)

    def learn(
        self,
        source: Float[Tensor, "b c h w"],
        real: Float[Tensor, "b 1 h w"],
        restored: Float[Tensor, "b 1 h w"],
        rate_factor: float,
        noise: torch.Generator,
    ) -> float:
        """Take one step of the discriminator.

        Args:
            source: Input images, on [−1, 1].
            real: Standard-dose images, on [−1, 1].
            restored: Restored images, on [−1, 1].
            rate_factor: Factor of the learning rate.
            noise: Random generator of the noise.

        Returns:
            The hinge loss before the step.
        """
        loss = self.see(source, real, restored, noise)
        self.step(rate_factor)
        return loss

    def see(
        self,
        source: Float[Tensor, "b c h w"],
        real: Float[Tensor, "b 1 h w"],
        restored: Float[Tensor, "b 1 h w"],
        noise: torch.Generator,
        weight: float = 1.0,
        *,
        more_follow: bool = False,
    ) -> float:
        """Accumulate the gradient of the discriminator for a batch.

        Args:
            source: What the field saw.
            real: Standard-dose images.
            restored: What the field made of the source; no gradient reaches it.
            noise: Random generator of the noise on both images.
            weight: Weight of this batch among those of the step.
            more_follow: Whether the step has further batches.

        Returns:
            Its hinge loss.
        """
        seen = [self._noisy(image, noise) for image in (real, restored.detach())]
        with self._fabric.no_backward_sync(self._wrapped, enabled=more_follow):
            loss = discriminator_hinge(*(self._wrapped(source, image) for image in seen))
            self._fabric.backward(loss * weight)
        return float(loss.detach())

    def step(self, rate_factor: float) -> None:
        """Learn from what was seen since the last step; the factor is that of the schedule."""
        for group in self.adam.param_groups:
            group["lr"] = self._settings.discriminator_learning_rate * rate_factor
        self._wrapped_adam.step()
        self._wrapped_adam.zero_grad()

    def loss_of(
        self,
        source: Float[Tensor, "b c h w"],
        real: Float[Tensor, "b 1 h w"],
        restored: Float[Tensor, "b 1 h w"],
    ) -> Float[Tensor, ""]:
        """Compute the weighted adversarial and feature-matching loss of restored images, without image noise.

        Args:
            source: Input images, on [−1, 1].
            real: Standard-dose images, on [−1, 1].
            restored: Restored images, on [−1, 1].

        Returns:
            The loss, a scalar.
        """
        weights = self._settings.losses
        self.discriminator.requires_grad_(False)
        try:
            with self._fabric.no_backward_sync(self._wrapped):  # its gradients are none of the field's
                fake: Judgments = self._wrapped(source, restored)
                loss = weights.adversarial * generator_hinge(fake)
                if weights.feature_matching > 0:
                    with torch.no_grad():
                        of_real: Judgments = self._wrapped(source, real)
                    loss = loss + weights.feature_matching * feature_matching(of_real, fake)
        finally:
            self.discriminator.requires_grad_(True)
        return loss

    def _noisy(self, image: Float[Tensor, "b 1 h w"], noise: torch.Generator) -> Float[Tensor, "b 1 h w"]:
        drawn = torch.randn(image.shape, generator=noise).to(image.device)
        return image + self._settings.discriminator_noise * drawn
