# SPDX-License-Identifier: Apache-2.0
"""The field that learns, its optimiser, and one step of it, on Lightning Fabric."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor

from lessgad.field.build import AnyField, build_field
from lessgad.field.precision import resolve_precision
from lessgad.field.presets import FieldSettings
from lessgad.training.adversarial_losses import shift_regularisation
from lessgad.training.batches import Batch
from lessgad.training.critic import Critic
from lessgad.training.losses import plain_l1, relative_l1
from lessgad.training.settings import TrainingSettings


class Learner:
    """A new field, drawn from the seed of its training, and Adam, on the device where they learn.

    Where the losses ask for it, a discriminator learns beside it.

    Attributes:
        field: The network itself, as it is validated and saved.
        adam: Its optimiser, as it is saved.
        critic: The discriminator and its optimiser, or None.
    """

    def __init__(self, field: FieldSettings, settings: TrainingSettings) -> None:
        self._settings = settings
        with _without_announcements():
            self._fabric = Fabric(accelerator="auto", devices=1, precision=_fabric_precision(settings))
            torch.manual_seed(settings.seed)
            self.field: AnyField = build_field(field).to(memory_format=torch.channels_last)
            self.adam = torch.optim.Adam(
                self.field.parameters(),
                lr=settings.learning_rate,
                betas=settings.betas,
                weight_decay=settings.weight_decay,
            )
            self._wrapped_field, self._wrapped_adam = self._fabric.setup(self.field, self.adam)
            self._wrapped_field.mark_forward_method("forward_with_shifts")
            needed = settings.losses.needs_discriminator
            self.critic = Critic(len(field.inputs), settings, self._fabric) if needed else None

    def learn(self, batch: Batch, rate_factor: float, number: int = 0) -> float:
        """Take one step of the field, after one of the discriminator where there is one, and give the loss before it.

        Args:
            batch: What is seen.
            rate_factor: Of the learning rates, as in the schedule.
            number: Of the first patch of the batch in the training; seeds the noise that the discriminator sees.

        Raises:
            FloatingPointError: Loss or gradient are NaN or infinite; the weights of the field are left as they were.
        """
        for group in self.adam.param_groups:
            group["lr"] = self._settings.learning_rate * rate_factor
        here = batch.to(self._fabric.device)
        noise = torch.Generator().manual_seed((self._settings.seed * 1_000_003 + number) % 2**63)
        restored, shifts = self._wrapped_field.forward_with_shifts(here.source, here.dose, here.position_mm)
        if self.critic is not None:
            self.critic.learn(here.source, here.standard_dose, restored, rate_factor, noise)
        loss = self._loss(here, restored, shifts)
        self._fabric.backward(loss)
        value, norm = float(loss.detach()), self._clipped_norm()
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise FloatingPointError(f"a loss of {value:g} with a gradient of norm {norm:g}")
        self._wrapped_adam.step()
        self._wrapped_adam.zero_grad()
        return value

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, but for patches and noise, which depend on their number alone."""
        networks: dict[str, Any] = {"field": self.field, "optimizer": self.adam}
        if self.critic is not None:
            networks |= {"discriminator": self.critic.discriminator, "discriminator_optimizer": self.critic.adam}
        return {name: network.state_dict() for name, network in networks.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state that `state` gave."""
        self.field.load_state_dict(state["field"])
        self.adam.load_state_dict(state["optimizer"])
        if self.critic is not None:
            self.critic.discriminator.load_state_dict(state["discriminator"])
            self.critic.adam.load_state_dict(state["discriminator_optimizer"])

    def _loss(
        self,
        batch: Batch,
        restored: Float[Tensor, "b 1 h w"],
        shifts: Float[Tensor, "b s h w"],
    ) -> Float[Tensor, ""]:
        weights = self._settings.losses
        l1 = relative_l1 if self._settings.models == "conditioned" else plain_l1
        loss = weights.l1 * l1(restored, batch.standard_dose, batch.dose)
        if weights.shifts > 0:
            loss = loss + weights.shifts * shift_regularisation(shifts.float())
        if self.critic is not None:
            loss = loss + self.critic.loss_of(batch.source, batch.standard_dose, restored)
        return loss

    def _clipped_norm(self) -> float:
        """Clip the gradient where the settings say so, and give its norm before."""
        limit = self._settings.gradient_norm
        norm = self._fabric.clip_gradients(
            self._wrapped_field,
            self._wrapped_adam,
            max_norm=math.inf if limit is None else limit,
            error_if_nonfinite=False,
        )
        return float(norm)


@contextmanager
def _without_announcements() -> Iterator[None]:
    """Keep what Fabric says of devices and precision off the console; its warnings stay."""
    log = logging.getLogger("lightning_fabric")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _fabric_precision(settings: TrainingSettings) -> Literal["bf16-mixed", "32-true"]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return "bf16-mixed" if resolve_precision(settings.precision, device) == "bf16" else "32-true"
