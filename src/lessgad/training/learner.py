# SPDX-License-Identifier: Apache-2.0
"""The field that learns, its optimizer, and one step of it, on Lightning Fabric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lessgad.errors import SettingsError
from lessgad.field.build import AnyField, build_field
from lessgad.field.conditional_field import FieldOutput
from lessgad.field.device import compute_device
from lessgad.field.kernel_sources import NOISE_CHANNEL
from lessgad.field.precision import resolve_precision
from lessgad.field.presets import FieldSettings
from lessgad.training.adversarial_losses import shift_regularization
from lessgad.training.batches import Batch
from lessgad.training.critic import Critic
from lessgad.training.losses import interval_loss, plain_l1, relative_l1, usual_error, weighted_huber
from lessgad.training.micro_batches import MicroBatch
from lessgad.training.processes import ALONE, FabricPrecision, Processes, without_announcements
from lessgad.training.settings import TrainingSettings
from lessgad.training.start import pretrained_weights, starts_pretrained

#: Below this, a gradient that is still out of the range of 16 bits is not one that a smaller scale would mend.
SMALLEST_SCALE = 1.0


class Learner:
    """A new field, drawn from the seed of its training, and Adam, on the device where they learn.

    Where the losses ask for it, a discriminator learns beside it.

    Attributes:
        field: The network itself, as it is validated and saved.
        adam: Its optimizer, as it is saved.
        critic: The discriminator and its optimizer, or None.

    Args:
        field: Settings of the network.
        settings: Settings of the training.
        processes: The processes that train together.
    """

    def __init__(self, field: FieldSettings, settings: TrainingSettings, processes: Processes = ALONE) -> None:
        self._settings, self._processes = settings, processes
        self._fabric = processes.fabric(_fabric_precision(settings))
        self._scaler: torch.amp.GradScaler | None = getattr(self._fabric.strategy.precision, "scaler", None)
        with without_announcements():
            torch.manual_seed(settings.seed)
            self.field: AnyField = build_field(field)
            if starts_pretrained(field, settings):
                self.field.load_state_dict(pretrained_weights(field))
            self.field = self.field.to(memory_format=torch.channels_last)
            self.adam = torch.optim.Adam(
                self.field.parameters(),
                lr=settings.learning_rate,
                betas=settings.betas,
                weight_decay=settings.weight_decay,
            )
            self._wrapped_field, self._wrapped_adam = self._fabric.setup(self.field, self.adam)
            self._wrapped_field.mark_forward_method("forward_in_full")
            needed = settings.losses.needs_discriminator
            self.critic = Critic(field.n_images, settings, self._fabric) if needed else None

    def learn(self, seen: Batch | Sequence[tuple[Batch, MicroBatch]], rate_factor: float, number: int = 0) -> float:
        """Take one step of the field, after one of the discriminator where there is one, and give the loss before it.

        Args:
            seen: What this process sees in the step, one batch after the other; or a batch that is the whole step.
            rate_factor: Factor of the learning rates, as in the schedule.
            number: Number of the first patch of a batch that is the whole step; seeds the noise that the discriminator
                sees.

        Returns:
            Mean over all that all processes see.

        Raises:
            FloatingPointError: Loss or gradient are NaN or infinite; the weights of the field are left as they were.
        """
        parts = [(seen, MicroBatch(range(number, number + len(seen.dose)), 1.0))] if isinstance(seen, Batch) else seen
        for group in self.adam.param_groups:
            group["lr"] = self._settings.learning_rate * rate_factor
        learns_first = self.critic is not None and len(parts) > 1
        if learns_first:
            self._teach_critic(parts, rate_factor)
        value = 0.0
        for index, (batch, share) in enumerate(parts):
            here = batch.to(self._fabric.device)
            with self._fabric.no_backward_sync(self._wrapped_field, enabled=index < len(parts) - 1):
                answer = self._answer(here)
                if self.critic is not None and not learns_first:
                    noise = self._noise(share)
                    self.critic.see(here.source, here.standard_dose, answer.restored, noise, share.weight)
                    self.critic.step(rate_factor)
                loss = self._loss(here, answer)
                self._fabric.backward(loss * share.weight)
            value += share.weight * float(loss.detach())
        value, norm = self._processes.mean(value), self._clipped_norm()
        if not (math.isfinite(value) and (math.isfinite(norm) or self._scale_will_fall())):
            raise FloatingPointError(f"a loss of {value:g} with a gradient of norm {norm:g}")
        self._wrapped_adam.step()
        self._wrapped_adam.zero_grad()
        return value

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, except for patches and noise, which depend only on their number."""
        networks: dict[str, Any] = {"field": self.field, "optimizer": self.adam}
        if self.critic is not None:
            networks |= {"discriminator": self.critic.discriminator, "discriminator_optimizer": self.critic.adam}
        if self._scaler is not None:
            networks["scaler"] = self._scaler
        return {name: network.state_dict() for name, network in networks.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state that was returned by `state`."""
        self.field.load_state_dict(state["field"])
        self.adam.load_state_dict(state["optimizer"])
        if self.critic is not None:
            self.critic.discriminator.load_state_dict(state["discriminator"])
            self.critic.adam.load_state_dict(state["discriminator_optimizer"])
        if self._scaler is not None:
            self._scaler.load_state_dict(state["scaler"])

    def _answer(self, batch: Batch) -> FieldOutput:
        with self._fabric.autocast():  # Fabric itself sees to that in `forward` alone, where one process is alone
            said: FieldOutput = self._wrapped_field.forward_in_full(batch.source, batch.dose, batch.position_mm)
        half_width = None if said.half_width is None else said.half_width.float()
        return FieldOutput(said.restored.float(), half_width, said.shifts.float())

    def _teach_critic(self, parts: Sequence[tuple[Batch, MicroBatch]], rate_factor: float) -> None:
        """Let the discriminator learn from a step of several batches, without keeping how they were restored."""
        assert self.critic is not None  # noqa: S101 - for the type checker
        for index, (batch, share) in enumerate(parts):
            here = batch.to(self._fabric.device)
            with torch.no_grad():
                answer = self._answer(here)
            more = index < len(parts) - 1
            noise = self._noise(share)
            self.critic.see(here.source, here.standard_dose, answer.restored, noise, share.weight, more_follow=more)
        self.critic.step(rate_factor)

    def _noise(self, share: MicroBatch) -> torch.Generator:
        return torch.Generator().manual_seed((self._settings.seed * 1_000_003 + share.numbers.start) % 2**63)

    def _loss(self, batch: Batch, answer: FieldOutput) -> Float[Tensor, ""]:
        weights, restored = self._settings.losses, answer.restored
        if self.field.settings.preset == "kernel":
            noise = batch.source[:, NOISE_CHANNEL, 0, 0]
            usual = usual_error(noise, batch.dose)
            return weighted_huber(restored, answer.half_width, batch.standard_dose, usual)
        l1 = relative_l1 if self._settings.models == "conditioned" else plain_l1
        loss = weights.l1 * l1(restored, batch.standard_dose, batch.dose)
        if weights.shifts > 0:
            loss = loss + weights.shifts * shift_regularization(answer.shifts)
        if answer.half_width is not None:
            loss = loss + weights.interval * interval_loss(answer.half_width, restored, batch.standard_dose)
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

    def _scale_will_fall(self) -> bool:
        """Whether 16-bit gradients are scaled up so much that some leave the range; such a step is left out."""
        return self._scaler is not None and self._scaler.get_scale() > SMALLEST_SCALE


def _fabric_precision(settings: TrainingSettings) -> FabricPrecision:
    device = compute_device()
    if settings.precision == "fp16":
        if device.type == "cpu":
            raise SettingsError(
                "training.precision fp16 needs a GPU, and there is none", remedy="Set precision: auto, bf16 or fp32"
            )
        return "16-mixed"
    return "bf16-mixed" if resolve_precision(settings.precision, device) == "bf16" else "32-true"
