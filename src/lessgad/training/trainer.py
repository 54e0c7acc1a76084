# SPDX-License-Identifier: Apache-2.0
"""Train one field, from where it stopped: steps, validations, what is kept on disk."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lessgad.errors import SettingsError
from lessgad.field.build import AnyField
from lessgad.field.checkpoint import BEST, LAST, ModelDescription, write_description, write_weights
from lessgad.restoration.conformal_intervals import INTERVALS
from lessgad.restoration.out_of_distribution import TRAINING_RANGE
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.zero_dose_estimate import ZERO_DOSE_ESTIMATE
from lessgad.training.batches import Batch, stack_patches
from lessgad.training.best_average import write_best_average
from lessgad.training.best_checkpoints import BestCheckpoints
from lessgad.training.chosen_without import CHOSEN_WITHOUT
from lessgad.training.interruption import deferred_interrupt
from lessgad.training.learner import Learner
from lessgad.training.learning_curve import CURVE_FILE, CurvePoint, write_learning_curve
from lessgad.training.micro_batches import MicroBatch, micro_batches_of_step
from lessgad.training.patch_source import PatchSource
from lessgad.training.patches import draw_patch
from lessgad.training.prefetch import Prefetched
from lessgad.training.processes import ALONE, Processes
from lessgad.training.resume import TrainingState, load_state, save_state
from lessgad.training.schedule import learning_rate_factor
from lessgad.training.settings import TrainingSettings
from lessgad.training.start import starts_pretrained
from lessgad.training.validation import ValidationSlices, patients_of
from lessgad.training.validation_figures import ValidationFigures, validate

RESUME_FILE = "resume.pt"
SECONDS_BETWEEN_SAVES = 30.0
Steps = Prefetched[list[tuple[Batch, MicroBatch]]]


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of the training after a step.

    Attributes:
        n_samples_done: Patches seen.
        n_samples: Patches in all.
        loss: Loss of this step.
        validation_gain_db: PSNR gain of the last validation, in dB; NaN before the first.
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
        settings: Settings of the training.
        studies: Training studies.
        validation: Slices of validation studies; may be empty, then the last weights are the best.
        validation_doses: Doses to validate at.
        fingerprint: Fingerprint of everything that the result depends on; other saved states are not resumed.
    """

    folder: Path
    description: ModelDescription
    settings: TrainingSettings
    studies: Sequence[PatchSource]
    validation: Sequence[ValidationSlices]
    validation_doses: Sequence[float]
    fingerprint: str


def train(task: TrainingTask, on_progress: Callable[[TrainingProgress], None], processes: Processes = ALONE) -> None:
    """Train a field to its end, from its saved state where there is one.

    Writes the model folder: description, best and last weights, learning curve. A Ctrl-C is answered after the
    current step, with the state saved. The same task gives the same weights however often it was stopped
    (on one CPU, with one number of threads; some operations of a GPU are not reproducible).

    Where several processes train together, all call this with the same task, and the first of them alone reads and
    writes the folder and validates. A Ctrl-C in one of them stops all.

    Args:
        task: The training task.
        on_progress: Receives the progress.
        processes: The processes that train together.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C; nothing is lost.
        SettingsError: The training diverged; the best weights so far stay.
    """
    n_samples = task.settings.n_samples
    learner = Learner(task.description.field, task.settings, processes)
    state = processes.from_leader(_saved_or_new(task) if processes.leads else None)
    assert state is not None  # noqa: S101 - for the type checker
    if state.networks:
        learner.restore(state.networks)
    saved_at = time.monotonic()  # decides when the state is saved, and nothing else
    with deferred_interrupt() as interrupted, Prefetched(partial(drawn_for_step, task, processes)) as steps:
        while state.n_samples_done < n_samples:
            done_before = state.n_samples_done
            loss = _step(task, learner, state, steps, _numbers(task, processes, done_before))
            validates = processes.leads and _is_validation_due(done_before, state.n_samples_done, task.settings)
            if validates:
                _validate(task, learner.field, state)
            stops = processes.any(interrupted())
            saves = validates or stops or time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES
            if processes.leads and saves:
                state.networks = learner.state()
                save_state(task.folder / RESUME_FILE, state)
                state.best.tidy(task.folder)
                saved_at = time.monotonic()
            gain_db = state.curve[-1].validation_gain_db if state.curve else math.nan
            on_progress(TrainingProgress(state.n_samples_done, n_samples, loss, gain_db))
            if stops:
                raise KeyboardInterrupt
    if processes.leads:
        write_weights(task.folder / LAST, learner.field)
        if starts_pretrained(task.description.field, task.settings):
            patients = patients_of(task.validation)
            write_best_average(task.folder, task.description, learner.field, partial(_figures, task), patients)
        else:
            state.best.write(task.folder)


def _saved_or_new(task: TrainingTask) -> TrainingState:
    """Read the state of a stopped training; without one, empty the folder of an earlier model and start."""
    state = load_state(task.folder / RESUME_FILE, task.fingerprint)
    if state is not None:
        return state
    for name in (RESUME_FILE, BEST, LAST, CURVE_FILE, CHOSEN_WITHOUT, INTERVALS, ZERO_DOSE_ESTIMATE, TRAINING_RANGE):
        (task.folder / name).unlink(missing_ok=True)
    BestCheckpoints().tidy(task.folder)
    write_description(task.folder, task.description)
    return TrainingState(task.fingerprint, 0, {}, BestCheckpoints(), 0.0, 0, [])


def _numbers(task: TrainingTask, processes: Processes, first: int) -> range:
    """Patches of the step that begins with patch `first`."""
    together = task.settings.batch_size * task.settings.accumulate * processes.n
    return range(first, min(first + together, task.settings.n_samples))


def drawn_for_step(task: TrainingTask, processes: Processes, first: int) -> list[tuple[Batch, MicroBatch]]:
    """Draw the patches of this process for the step that begins with patch `first`.

    Args:
        task: The training task.
        processes: The processes that train together.
        first: Number of the first patch of the step.

    Returns:
        The micro-batches.
    """
    numbers = _numbers(task, processes, first)
    shares = micro_batches_of_step(numbers, task.settings.batch_size, rank=processes.rank, n_processes=processes.n)
    return [(_batch(task, share.numbers), share) for share in shares]


def _step(task: TrainingTask, learner: Learner, state: TrainingState, steps: Steps, numbers: range) -> float:
    """Learn from the next patches and give their loss."""
    n_samples, first = task.settings.n_samples, state.n_samples_done
    seen = steps.take(first, numbers.stop if numbers.stop < n_samples else None)
    try:
        loss = learner.learn(seen, learning_rate_factor(first / n_samples))
    except FloatingPointError as error:
        raise SettingsError(
            f"The training diverged: {error} after {first} samples",
            path=task.folder,
            remedy=f"Lower training.learning_rate (now {task.settings.learning_rate:g}), or set "
            "training.precision to fp32",
        ) from error
    state.n_samples_done = numbers.stop
    state.loss_sum += loss
    state.n_losses += 1
    return loss


def _batch(task: TrainingTask, numbers: range) -> Batch:
    settings = task.settings
    patches = [
        draw_patch(
            task.studies,
            number,
            seed=settings.seed,
            size=settings.patch_size,
            tumor_share=settings.tumor_share,
            flip=settings.flip,
            vary_enhancement=settings.vary_enhancement,
            vary_position=settings.vary_position,
            dose=task.description.dose,
            t2_dropout=settings.t2_dropout,
            n_neighbor_slices=task.description.field.n_context_slices,
            vary_noise=settings.vary_noise,
            low_doses_often=task.description.field.preset == "kernel",
        )
        for number in numbers
    ]
    return stack_patches(patches, task.description.field)


def _is_validation_due(done_before: int, done: int, settings: TrainingSettings) -> bool:
    return done == settings.n_samples or done // settings.validate_every > done_before // settings.validate_every


def _validate(task: TrainingTask, field: AnyField, state: TrainingState) -> None:
    """Add a point to the curve and keep the weights if they are the best so far."""
    figures = _figures(task, field)
    loss = state.loss_sum / state.n_losses
    state.curve.append(CurvePoint(state.n_samples_done, loss, figures.psnr_db, figures.gain_db))
    state.loss_sum, state.n_losses = 0.0, 0
    averages = starts_pretrained(task.description.field, task.settings)  # the last weights, so no checkpoint is chosen
    patients = [] if averages else patients_of(task.validation)
    state.best.consider(field, figures, patients, state.n_samples_done, task.folder)
    write_learning_curve(task.folder / CURVE_FILE, state.curve)


def _figures(task: TrainingTask, field: AnyField) -> ValidationFigures:
    """PSNR of unrestored and restored images of validation patients, in dB."""
    precision = task.settings.precision
    restoration = RestorationSettings(precision="auto" if precision == "fp16" else precision)
    field.eval()
    figures = validate(field, task.validation, task.validation_doses, restoration)
    field.train()
    return figures
