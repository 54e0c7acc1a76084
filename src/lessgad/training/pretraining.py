# SPDX-License-Identifier: Apache-2.0
"""Pretraining of a kernel field on generated patients."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from lessgad.atomic_write import replacing
from lessgad.field.build import AnyField, build_field
from lessgad.field.checkpoint import write_weights
from lessgad.field.device import compute_device
from lessgad.field.kernel_sources import NOISE_CHANNEL
from lessgad.field.precision import autocast
from lessgad.field.presets import FieldSettings
from lessgad.training.generated.batches import BATCH_SIZE, N_INTERLEAVED, N_SCANS, GeneratedBatch, batches
from lessgad.training.losses import usual_error, weighted_huber

STATE = "pretraining.pt"
AVERAGE = "pretrained.safetensors"
SECONDS_BETWEEN_SAVES = 90
WARM_UP_STEPS = 200
AVERAGED_OVER = 400  # steps, of the running mean of the weights
GRADIENT_NORM = 5.0
ROUND = N_SCANS * N_INTERLEAVED


@dataclass(frozen=True)
class Pretraining:
    """How long and from where.

    Attributes:
        folder: Folder of its state and weights.
        n_patches: Number of patches in all; the learning rate falls linearly to zero over the second half.
        seed: Seed of patients and weights.
        learning_rate: Learning rate of Adam.
        n_workers: Processes that draw patches.
    """

    folder: Path
    n_patches: int
    seed: int = 1
    learning_rate: float = 1e-3
    n_workers: int = 1

    @property
    def n_steps(self) -> int:
        """A multiple of the round in which scenes take turns."""
        return max(1, round(self.n_patches / BATCH_SIZE / ROUND)) * ROUND


def pretrain(task: Pretraining, on_progress: Callable[[int, float], None] = lambda _n, _loss: None) -> AnyField:
    """Pretrain from where it stopped.

    Args:
        task: The task.
        on_progress: Told the number of steps done and the running mean of the loss.

    Returns:
        The field with averaged weights.
    """
    device = compute_device()
    torch.manual_seed(task.seed)
    field = build_field(FieldSettings(preset="kernel")).to(memory_format=torch.channels_last).to(device)
    averaged = build_field(FieldSettings(preset="kernel")).to(device)
    averaged.load_state_dict(field.state_dict())
    adam = torch.optim.Adam(field.parameters(), lr=task.learning_rate, betas=(0.9, 0.98))
    state, step, mean_loss = task.folder / STATE, 0, 0.0
    if state.is_file():
        saved = torch.load(state, map_location=device, weights_only=True)
        field.load_state_dict(saved["field"])
        averaged.load_state_dict(saved["averaged"])
        adam.load_state_dict(saved["adam"])
        step, mean_loss = int(saved["step"]), float(saved["loss"])
    saved_at = time.monotonic()
    for batch in batches(task.seed, step, task.n_steps, task.n_workers):
        for group in adam.param_groups:
            group["lr"] = task.learning_rate * _rate_factor(step, task.n_steps)
        loss = _learn(field, adam, batch, device)
        step += 1
        _average(averaged, field, min(1 - 1 / AVERAGED_OVER, step / (step + 10)))
        mean_loss = loss if step == 1 else 0.99 * mean_loss + 0.01 * loss
        on_progress(step, mean_loss)
        due = time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES and step % ROUND == 0
        if due or step == task.n_steps:
            _save(task, state, field, averaged, adam, step, mean_loss)
            saved_at = time.monotonic()
    return averaged.eval()


def _rate_factor(step: int, n_steps: int) -> float:
    return min(1.0, (step + 1) / WARM_UP_STEPS) * min(1.0, 2 * (1 - step / n_steps))


def _learn(field: AnyField, adam: torch.optim.Adam, batch: GeneratedBatch, device: torch.device) -> float:
    source = batch.source.to(device, memory_format=torch.channels_last)
    with autocast(device, "auto"):
        answer = field.forward_in_full(source, batch.dose.to(device), source[:, :2])
    usual = usual_error(source[:, NOISE_CHANNEL, 0, 0], batch.dose.to(device))
    loss = weighted_huber(answer.restored, answer.half_width, batch.standard_dose.to(device), usual)
    adam.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(field.parameters(), GRADIENT_NORM)
    if torch.isfinite(norm):
        adam.step()
    return float(loss.detach())


def _average(averaged: AnyField, field: AnyField, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(averaged.parameters(), field.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)


def _save(
    task: Pretraining,
    path: Path,
    field: AnyField,
    averaged: AnyField,
    adam: torch.optim.Adam,
    step: int,
    mean_loss: float,
) -> None:
    task.folder.mkdir(parents=True, exist_ok=True)
    content = {
        "field": field.state_dict(),
        "averaged": averaged.state_dict(),
        "adam": adam.state_dict(),
        "step": step,
        "loss": mean_loss,
    }
    with replacing(path) as temporary:
        torch.save(content, temporary)
    write_weights(task.folder / AVERAGE, averaged)
