# SPDX-License-Identifier: Apache-2.0
"""The field that learns, its optimiser, and one step of it, on Lightning Fabric."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from lightning_fabric import Fabric

from lessgad.field.conditional_field import ConditionalField
from lessgad.field.precision import resolve_precision
from lessgad.field.presets import FieldSettings
from lessgad.training.batches import Batch
from lessgad.training.losses import relative_l1
from lessgad.training.settings import TrainingSettings

MAX_GRADIENT_NORM = 1.0


class Learner:
    """A new field, drawn from the seed of its training, and Adam, on the device where they learn.

    Attributes:
        field: The network itself, as it is validated and saved.
        adam: Its optimiser, as it is saved.
    """

    def __init__(self, field: FieldSettings, settings: TrainingSettings) -> None:
        with _without_announcements():
            self._fabric = Fabric(accelerator="auto", devices=1, precision=_fabric_precision(settings))
            torch.manual_seed(settings.seed)
            self.field = ConditionalField(field).to(memory_format=torch.channels_last)
            self.adam = torch.optim.Adam(self.field.parameters(), lr=settings.learning_rate, betas=settings.betas)
            self._wrapped_field, self._wrapped_adam = self._fabric.setup(self.field, self.adam)

    def learn(self, batch: Batch, learning_rate: float) -> float:
        """Take one step of Adam, gradients clipped to norm 1, and give the loss before it.

        Raises:
            FloatingPointError: Loss or gradient are NaN or infinite; the weights are left as they were.
        """
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        here = batch.to(self._fabric.device)
        restored = self._wrapped_field(here.source, here.dose, here.position_mm)
        loss = relative_l1(restored, here.standard_dose, here.dose)
        self._fabric.backward(loss)
        norm = self._fabric.clip_gradients(
            self._wrapped_field, self._wrapped_adam, max_norm=MAX_GRADIENT_NORM, error_if_nonfinite=False
        )
        value, norm = float(loss.detach()), float(norm)
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise FloatingPointError(f"a loss of {value:g} with a gradient of norm {norm:g}")
        self._wrapped_adam.step()
        self._wrapped_adam.zero_grad()
        return value


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
