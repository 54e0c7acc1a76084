# SPDX-License-Identifier: Apache-2.0
"""Train one field, on Lightning Fabric, from where it stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from lightning_fabric import Fabric

from lessgad.dose.simulation import SimulationSettings
from lessgad.field.checkpoint import BEST, LAST, ModelDescription, write_description, write_weights
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.precision import resolve_precision
from lessgad.restoration.settings import RestorationSettings
from lessgad.training.batches import Batch, stack_patches
from lessgad.training.interruption import deferred_interrupt
from lessgad.training.learning_curve import CurvePoint, write_learning_curve
from lessgad.training.losses import relative_l1
from lessgad.training.patches import PatchSource, draw_patch
from lessgad.training.resume import TrainingState, load_state, save_state
from lessgad.training.schedule import learning_rate_factor
from lessgad.training.settings import TrainingSettings
from lessgad.training.validation import ValidationSlices, validate

RESUME_FILE = "resume.pt"
CURVE_FILE = "learning_curve.csv"
SECONDS_BETWEEN_SAVES = 30.0
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class TrainingProgress:
    """What a person wants to see after each step.

    Attributes:
        n_samples_done: Patches seen.
        n_samples: Patches in all.
        loss: Of this step.
        validation_gain_db: Of the last validation; NaN before the first.
    """

    n_samples_done: int
    n_samples: int
    loss: float
    validation_gain_db: float


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """One model to train.

    Attributes:
        folder: The model's folder.
        description: What will be written beside the weights; its field settings are those of the network.
        settings: How to train.
        simulation: How low doses are made.
        studies: Training studies.
        validation: Slices of validation studies; may be empty, then the last weights are the best.
        validation_doses: Doses to validate at.
        fingerprint: Of all that the result depends on; a saved state with another one is not gone on from.
    """

    folder: Path
    description: ModelDescription
    settings: TrainingSettings
    simulation: SimulationSettings
    studies: Sequence[PatchSource]
    validation: Sequence[ValidationSlices]
    validation_doses: Sequence[float]
    fingerprint: str


def train(task: TrainingTask, on_progress: Callable[[TrainingProgress], None]) -> None:
    """Train a field to its end, from its saved state where there is one.

    Writes the model folder: description, best and last weights, learning curve. A Ctrl-C is answered after the
    step at hand, with the state saved. The same task gives the same weights however often it was stopped
    (on one machine, with one number of threads).

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C; nothing is lost.
    """
    settings = task.settings
    fabric = Fabric(accelerator="auto", devices=1, precision=_fabric_precision(settings))
    torch.manual_seed(settings.seed)
    field = ConditionalField(task.description.field).to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(field.parameters(), lr=settings.learning_rate, betas=settings.betas)
    wrapped_field, wrapped_adam = fabric.setup(field, adam)
    state = load_state(task.folder / RESUME_FILE, task.fingerprint)
    if state is None:
        state = TrainingState(task.fingerprint, 0, {}, {}, -math.inf, 0.0, 0, [])
        write_description(task.folder, task.description)
    else:
        field.load_state_dict(state.field)
        adam.load_state_dict(state.optimizer)
    saved_at = time.monotonic()
    with deferred_interrupt() as interrupted:
        while state.n_samples_done < settings.n_samples:
            done_before = state.n_samples_done
            for group in adam.param_groups:
                group["lr"] = settings.learning_rate * learning_rate_factor(done_before / settings.n_samples)
            batch = _next_batch(task, done_before).to(fabric.device)
            restored = wrapped_field(batch.source, batch.dose, batch.position_mm)
            loss = relative_l1(restored, batch.standard_dose, batch.dose)
            fabric.backward(loss)
            fabric.clip_gradients(wrapped_field, wrapped_adam, max_norm=MAX_GRADIENT_NORM)
            wrapped_adam.step()
            wrapped_adam.zero_grad()
            state.n_samples_done += len(batch.dose)
            state.loss_sum += float(loss.detach())
            state.n_losses += 1
            validates = _is_validation_due(done_before, state.n_samples_done, settings)
            if validates:
                _validate(task, field, state)
            if validates or interrupted() or time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES:
                state.field, state.optimizer = field.state_dict(), adam.state_dict()
                save_state(task.folder / RESUME_FILE, state)
                saved_at = time.monotonic()
            gain_db = state.curve[-1].validation_gain_db if state.curve else math.nan
            on_progress(TrainingProgress(state.n_samples_done, settings.n_samples, float(loss.detach()), gain_db))
            if interrupted():
                raise KeyboardInterrupt
    write_weights(task.folder / LAST, field)


def _next_batch(task: TrainingTask, first: int) -> Batch:
    settings = task.settings
    numbers = range(first, min(first + settings.batch_size, settings.n_samples))
    patches = [
        draw_patch(
            task.studies,
            number,
            seed=settings.seed,
            size=settings.patch_size,
            tumor_share=settings.tumor_share,
            flip=settings.flip,
            dose=task.description.dose,
        )
        for number in numbers
    ]
    return stack_patches(patches, task.description.field.inputs, task.simulation)


def _is_validation_due(done_before: int, done: int, settings: TrainingSettings) -> bool:
    return done == settings.n_samples or done // settings.validate_every > done_before // settings.validate_every


def _validate(task: TrainingTask, field: ConditionalField, state: TrainingState) -> None:
    """Add a point to the curve and keep the weights if they are the best so far."""
    psnr_db = gain_db = math.nan
    if task.validation:
        field.eval()
        restoration = RestorationSettings(precision=task.settings.precision)
        psnr_db, gain_db = validate(field, task.validation, task.validation_doses, task.simulation, restoration)
        field.train()
    state.curve.append(CurvePoint(state.n_samples_done, state.loss_sum / state.n_losses, psnr_db, gain_db))
    state.loss_sum, state.n_losses = 0.0, 0
    if not gain_db <= state.best_gain_db:  # without validation studies the last weights are the best
        state.best_gain_db = gain_db if task.validation else -math.inf
        write_weights(task.folder / BEST, field)
    write_learning_curve(task.folder / CURVE_FILE, state.curve)


def _fabric_precision(settings: TrainingSettings) -> Literal["bf16-mixed", "32-true"]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return "bf16-mixed" if resolve_precision(settings.precision, device) == "bf16" else "32-true"
