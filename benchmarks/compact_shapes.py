# SPDX-License-Identifier: Apache-2.0
"""Which shape of the preset compact is worth its cost: gain on validation patients against seconds per volume.

    python benchmarks/compact_shapes.py train EXPERIMENT FOLDER [SHAPE …]
    python benchmarks/compact_shapes.py table FOLDER [--picture PICTURE]

`train` teaches each shape on the training studies of a prepared experiment, in its simulation, with T1 and low dose as
inputs, and looks at its validation studies alone; one thread, so that two can run side by side. `table` times each
shape (one volume of 155 slices cut to 144×176, one thread, nothing else running) and prints and draws the table.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
from prepared_experiment import training_task

DOSES = (0.1, 0.3, 0.5, 0.75)
N_SAMPLES = 5_000
TIMED_SLICES = 8
VOLUME = (155, 144, 176)

SMALL = {
    "n_neighbor_slices": 0,
    "channels": (16, 32, 64, 96),
    "n_blocks": 2,
    "feature_channels": 32,
    "field_width": 16,
    "n_hidden_layers": 2,
}
SHAPES = {
    "small": SMALL,
    "first trial": {
        "n_neighbor_slices": 0,
        "channels": (32, 64, 96, 128),
        "n_blocks": 2,
        "feature_channels": 64,
        "field_width": 32,
        "n_hidden_layers": 3,
    },
    "middle": SMALL | {"channels": (24, 48, 96, 128), "feature_channels": 48},
    "field 32×3": SMALL | {"field_width": 32, "n_hidden_layers": 3},
    "field 8×1": SMALL | {"field_width": 8, "n_hidden_layers": 1},
    "stem 4": SMALL | {"stem": 4, "channels": (32, 64, 96), "shift_stride": 4},
    "shifts 4": SMALL | {"shift_stride": 4},
    "3 scales": SMALL | {"channels": (16, 32, 64)},
    "5 scales": SMALL | {"channels": (16, 32, 64, 96, 128)},
    "1 block": SMALL | {"n_blocks": 1},
    "3 blocks": SMALL | {"n_blocks": 3},
    "no position": SMALL | {"n_frequencies": 0},
    "no norm": SMALL | {"normalisation": "none"},
    "image itself": SMALL | {"output": "tanh"},
    "1 neighbor": SMALL | {"n_neighbor_slices": 1},
    "2 neighbors": SMALL | {"n_neighbor_slices": 2},
    "seed 2": SMALL,
}


def field_of(name: str):
    from lessgad.field.presets import FieldSettings

    return FieldSettings(inputs=("pre_contrast", "low_dose"), interval=False, **SHAPES[name])


def folder_of(folder: Path, name: str) -> Path:
    return folder / name.replace(" ", "-")


def train_shapes(experiment: Path, folder: Path, names: list[str]) -> None:
    import torch

    from lessgad.training.settings import TrainingSettings
    from lessgad.training.trainer import train

    torch.set_num_threads(1)
    for name in names:
        seed = 2 if name == "seed 2" else 1
        fixed = {"vary_position": 0.0, "validate_every": 1_000, "precision": "fp32"}
        training = TrainingSettings(n_samples=N_SAMPLES, seed=seed, **fixed)
        started = time.process_time()
        train(training_task(experiment, folder_of(folder, name), field_of(name), training, DOSES), lambda _: None)
        print(f"{name}: {time.process_time() - started:.0f} CPU-s", flush=True)


def seconds_per_volume(name: str) -> float:
    """Restore some slices and scale the time to the volume."""
    import torch

    from lessgad.field.build import build_field
    from lessgad.restoration.settings import RestorationSettings
    from lessgad.restoration.slices import restore_slices

    torch.set_num_threads(1)
    torch.manual_seed(1)
    field = build_field(field_of(name)).to(memory_format=torch.channels_last).eval()
    rng = np.random.default_rng(1)
    images = {
        image: rng.uniform(-1, 1, (TIMED_SLICES, *VOLUME[1:])).astype(np.float32)
        for image in ("pre_contrast", "low_dose")
    }
    settings = RestorationSettings(precision="fp32")
    took = []
    for _ in range(4):  # the first warms up
        started = time.perf_counter()
        restore_slices(field, images, 0.3, (1.0, 1.0), settings)
        took.append(time.perf_counter() - started)
    return float(np.median(took[1:])) * VOLUME[0] / TIMED_SLICES


def curve_of(folder: Path, name: str) -> list[tuple[int, float]]:
    with (folder_of(folder, name) / "learning_curve.csv").open(encoding="utf-8") as file:
        return [(int(row["n_samples"]), float(row["validation_gain_db"])) for row in csv.DictReader(file)]


def print_table(folder: Path, picture: Path | None) -> None:
    from lessgad.field.build import build_field

    names = [name for name in SHAPES if (folder_of(folder, name) / "learning_curve.csv").exists()]
    curves = {name: curve_of(folder, name) for name in names}
    seconds = {name: seconds_per_volume(name) for name in names}
    print("| shape | parameters | seconds per volume | " + " | ".join(f"{n:,}" for n, _ in curves[names[0]]) + " |")
    print("|---|---|---|" + "---|" * len(curves[names[0]]))
    for name in names:
        n_parameters = sum(p.numel() for p in build_field(field_of(name)).parameters())
        gains = " | ".join(f"{gain:+.2f}" for _, gain in curves[name])
        print(f"| {name} | {n_parameters / 1e6:.2f} M | {seconds[name]:.1f} | {gains} |")
    if picture is not None:
        draw(curves, seconds, picture)


def draw(curves: dict[str, list[tuple[int, float]]], seconds: dict[str, float], picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained", sharey=True)
    colors = mpl.colormaps["tab20"].colors
    for (name, curve), color in zip(curves.items(), colors, strict=False):
        best = max(gain for _, gain in curve)
        left.plot(seconds[name], best, "o", color=color, markersize=9, label=name)
        right.plot([n for n, _ in curve], [gain for _, gain in curve], color=color, linewidth=1.5)
    left.set(xlabel="seconds per volume, one thread", ylabel="gain on validation patients, dB PSNR", xlim=(0, None))
    right.set(xlabel="training samples")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=8)
    figure.savefig(picture, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    train.add_argument("experiment", type=Path)
    train.add_argument("folder", type=Path)
    train.add_argument("shapes", nargs="*", default=list(SHAPES))
    table = commands.add_parser("table")
    table.add_argument("folder", type=Path)
    table.add_argument("--picture", type=Path)
    given = parser.parse_args()
    if given.command == "train":
        train_shapes(given.experiment, given.folder, given.shapes)
    else:
        print_table(given.folder, given.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
