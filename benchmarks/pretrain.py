# SPDX-License-Identifier: Apache-2.0
"""Teach the model that ships with lessgad on generated patients, and write its folder.

    python benchmarks/pretrain.py STATE --patches 262000        # goes on where it stopped; hours
    python benchmarks/pretrain.py STATE --patches 262000 --write src/lessgad/pretrained

Everything follows from the seed. Intervals are calibrated on generated patients that training never drew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save

from lessgad.dose.simulation import SimulationSettings
from lessgad.field.build import build_field
from lessgad.field.checkpoint import BEST, ModelDescription, write_description
from lessgad.field.gaussian_averages import N_AVERAGES
from lessgad.field.kernel_sources import N_CONSTANTS
from lessgad.field.presets import FieldSettings
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.conformal_intervals import IntervalCalibration, covering_factor, write_intervals
from lessgad.restoration.out_of_distribution import TrainingRange, enhancement_level, write_training_range
from lessgad.training.generated.heads import generated_head
from lessgad.training.generated.scan import SNR, TISSUE_LEVEL, draw_scan
from lessgad.training.generated.scene import Scene, draw_scene
from lessgad.training.pretraining import AVERAGE, Pretraining, pretrain

INTERVAL_DOSES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)
SEEN_DOSES = (0.0, 0.1, 0.3, 0.6, 1.0)
CALIBRATION_SEED = 20_001
N_HEADS, SCENES_OF_HEAD = 24, 4
#: Shares of what the network says of the weights of averages and of the residual. Generated patients hold less fine
#: structure than real ones and teach too much of both. Chosen on training and validation patients of the gliomas and on
#: six patients of the phantom, three of them truly scanned, of which no result is given.
SHARE_OF_WEIGHTS = 0.7
SHARE_OF_RESIDUAL = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=Path, help="folder where the training goes on from")
    parser.add_argument("--patches", type=int, default=262_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw patients")
    parser.add_argument("--write", type=Path, help="model folder to write when the training has ended")
    given = parser.parse_args()
    task = Pretraining(given.state, given.patches, seed=given.seed, n_workers=given.workers)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns) as progress:
        bar = progress.add_task("steps", total=task.n_steps)
        pretrain(task, lambda step, loss: progress.update(bar, completed=step, description=f"loss {loss:.3f}"))
    if given.write is not None:
        write_model(given.state / AVERAGE, given.write, task)


def write_model(weights: Path, folder: Path, task: Pretraining) -> None:
    """Write weights, description, intervals and what training saw."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = FieldSettings(preset="kernel")
    field = build_field(settings)
    field.load_state_dict(load_file(weights))
    training = {
        "on": "generated patients",
        "n_patches": task.n_steps * 8,
        "seed": task.seed,
        "share_of_residual": SHARE_OF_RESIDUAL,
    }
    description = ModelDescription(
        field=settings,
        simulation=SimulationSettings(),
        preparation=PreparationSettings(),
        cohort_fingerprint="generated",
        training=training,
    )
    write_description(folder, description)
    with torch.no_grad():
        for parameter in (field.last.weight, field.last.bias):
            parameter[:N_AVERAGES] *= SHARE_OF_WEIGHTS
            parameter[N_AVERAGES] *= SHARE_OF_RESIDUAL
    half = {name: tensor.half().contiguous() for name, tensor in field.state_dict().items()}  # half the size
    (folder / BEST).write_bytes(save(half))
    scenes = [_scenes_of(number) for number in range(N_HEADS)]
    write_intervals(folder, _intervals(field.eval(), scenes))
    write_training_range(folder, _seen(scenes))


def _scenes_of(number: int) -> list[Scene]:
    rng = np.random.default_rng((CALIBRATION_SEED, number))
    return [draw_scene(generated_head(CALIBRATION_SEED, number), rng) for _ in range(SCENES_OF_HEAD)]


def _intervals(field: torch.nn.Module, scenes: list[list[Scene]]) -> IntervalCalibration:
    factors = []
    for dose in INTERVAL_DOSES:
        scores = []
        for number, of_head in enumerate(scenes):
            rng = np.random.default_rng((CALIBRATION_SEED, number, round(1000 * dose)))
            errors = []
            for scene in of_head:
                patch = draw_scan(scene, rng, dose=dose)
                source = torch.from_numpy(patch.source)[None]
                with torch.inference_mode():
                    answer = field.forward_in_full(source, torch.tensor([dose]), source[:, :2])
                sigma = float(patch.source[N_AVERAGES - N_CONSTANTS, 0, 0])  # of the T1; the T1ce is a scan like it
                scanned = patch.standard_dose + sigma * rng.standard_normal(patch.standard_dose.shape)
                score = np.abs(answer.restored[0, 0].numpy() - scanned) / answer.half_width[0, 0].numpy()
                errors.append(score[patch.standard_dose > -0.9])
            scores.append(np.concatenate(errors))
        factors.append(covering_factor([score for score in scores if len(score)]))
    return IntervalCalibration(doses=INTERVAL_DOSES, factors=tuple(factors), n_patients=N_HEADS)


def _seen(scenes: list[list[Scene]]) -> TrainingRange:
    levels = []
    for scene in (scene for of_head in scenes for scene in of_head):
        unit = TISSUE_LEVEL / scene.unit
        t1, t1ce = (
            np.clip(unit * image, 0, 2) - 1 for image in (scene.low_dose_source_pair[0], scene.low_dose_source_pair[1])
        )
        head = scene.seen & (t1 > -0.9)
        if head.any():
            spacing = scene.spacing_mm[1], scene.spacing_mm[2]
            turned = [image.transpose(2, 1, 0) for image in (t1, t1ce, head)]
            levels.append(enhancement_level(turned[0], turned[1], turned[2], spacing))
    most = float(np.max(levels))
    return TrainingRange(
        sigma=(0.0, TISSUE_LEVEL / SNR[0]),
        spacing_mm=(0.4, 1.25),
        doses=SEEN_DOSES,
        least_enhancement=(0.0,) * len(SEEN_DOSES),
        most_enhancement=tuple(max(0.08, dose * most) for dose in SEEN_DOSES),
        sequence_classes=("gradient echo", "inversion-prepared gradient echo", "spin echo"),
        slice_spacing_mm=(0.8, 6.0),
        field_strength_t=(1.0, 3.0),
    )


if __name__ == "__main__":
    main()
