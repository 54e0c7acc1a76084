# SPDX-License-Identifier: Apache-2.0
"""How much cheaper the preset compact is than the published network: time, memory, training. Nothing else may run.

    python benchmarks/speed_against_paper.py [--slices 5] [--without-bf16] [--experiment EXPERIMENT]

Restoration: compact in whole slices of the whole volume, `paper` in its sliding window on some slices, scaled; each in
the precision that it uses by default here, and both in bf16 (`paper` on one window, scaled by their number: where the
processor has no bf16 arithmetic that takes a while). Memory: peak above what is in use once the model is loaded, on the
same slices. Training: samples per second of steps at batch 4 (`paper` at batch 1). Every measurement has a process of
its own. Quality is no part of this: `paper` cannot be trained on such a machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

#: What is left of 240×240×155 and of 512×512×100 once cut to the head: slices, rows, columns.
VOLUMES = {"240×240×155, head 144×176": (155, 144, 176), "512×512×100, head 400×336": (100, 400, 336)}
WINDOW, STEP = (128, 160), (64, 80)
DOSE = 0.3


def n_windows(rows: int, columns: int) -> int:
    """Windows of one slice, which is padded to a window at least."""
    along = [int(np.ceil(max(0, n - w) / s)) + 1 for n, w, s in zip((rows, columns), WINDOW, STEP, strict=True)]
    return along[0] * along[1]


def field_settings(preset: str):
    from lessgad.field.presets import FieldSettings

    return FieldSettings(preset=preset)


def loaded_field(preset: str):
    import torch

    from lessgad.field.build import build_field

    torch.manual_seed(1)
    return build_field(field_settings(preset)).to(memory_format=torch.channels_last).eval()


def resident_mib(key: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(float(line.split()[1]) for line in status.splitlines() if line.startswith(key)) / 1024


def restoration(preset: str, shape: tuple[int, int, int], n_slices: int, precision: str, answers) -> None:
    """Seconds for the volume (scaled from the slices) and the peak of memory above the loaded model, MiB."""
    from lessgad.restoration.settings import RestorationSettings
    from lessgad.restoration.slices import restore_slices

    field = loaded_field(preset)
    rng = np.random.default_rng(1)
    images = {
        name: rng.uniform(-1, 1, (n_slices, *shape[1:])).astype(np.float32) for name in ("pre_contrast", "low_dose")
    }
    settings = RestorationSettings(precision=precision)
    one = {name: image[:1] for name, image in images.items()}
    restore_slices(
        field, one if preset == "compact" else {n: i[:, :64, :64] for n, i in one.items()}, DOSE, (1, 1), settings
    )
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak so far
    before = resident_mib("VmRSS")
    started = time.perf_counter()
    restore_slices(field, images, DOSE, (1, 1), settings)
    seconds = (time.perf_counter() - started) * shape[0] / n_slices
    answers.put((seconds, resident_mib("VmHWM") - before))


def one_window(shape: tuple[int, int, int], answers) -> None:
    """Seconds for the volume by the published network in bf16, scaled from one window."""
    import torch

    from lessgad.field.precision import autocast

    field = loaded_field("paper")
    source, position = torch.rand(1, 1, *WINDOW), torch.zeros(1, 2, *WINDOW)
    with torch.inference_mode(), autocast(torch.device("cpu"), "bf16"):
        started = time.perf_counter()
        field(source, torch.tensor([DOSE]), position)
    answers.put((time.perf_counter() - started) * n_windows(*shape[1:]) * shape[0])


def training(preset: str, batch: int, n_steps: int, answers) -> None:
    """Samples per second of steps, data at hand."""
    import torch

    from lessgad.training.batches import Batch
    from lessgad.training.learner import Learner
    from lessgad.training.settings import TrainingSettings

    field = field_settings(preset)
    learner = Learner(field, TrainingSettings())
    source = torch.rand(batch, field.n_images, *WINDOW) * 2 - 1
    seen = Batch(source, source[:, :1].clone(), torch.full((batch,), DOSE), torch.zeros(batch, 2, *WINDOW))
    learner.learn(seen, 1e-3)
    started = time.perf_counter()
    for _ in range(n_steps):
        learner.learn(seen, 1e-3)
    answers.put(batch * n_steps / (time.perf_counter() - started))


def waiting(experiment: str, n_steps: int, answers) -> None:
    """Share of the time of training that goes by in waiting for patches, on the studies of a prepared experiment."""
    import tempfile
    from functools import partial

    from prepared_experiment import training_task

    from lessgad.training.learner import Learner
    from lessgad.training.prefetch import Prefetched
    from lessgad.training.processes import ALONE
    from lessgad.training.settings import TrainingSettings
    from lessgad.training.trainer import drawn_for_step

    settings = TrainingSettings()
    with tempfile.TemporaryDirectory() as folder:
        task = training_task(Path(experiment), Path(folder), field_settings("compact"), settings, (DOSE,))
        learner, batch = Learner(task.description.field, settings), settings.batch_size
        with Prefetched(partial(drawn_for_step, task, ALONE)) as steps:
            learner.learn(steps.take(0, batch), 1e-3)
            before, started = steps.waited_s, time.perf_counter()
            for step in range(1, n_steps + 1):
                learner.learn(steps.take(step * batch, (step + 1) * batch), 1e-3)
            answers.put((steps.waited_s - before) / (time.perf_counter() - started))


def alone(function, *arguments):
    """Run in a process of its own, and give what it answers."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=function, args=(*arguments, answers))
    process.start()
    answer = answers.get()
    process.join()
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=5, help="that the published network is timed on")
    parser.add_argument("--without-bf16", action="store_true")
    parser.add_argument("--experiment", help="prepared; to see how long training waits for its patches")
    given = parser.parse_args()

    import torch

    from lessgad.field.precision import resolve_precision

    usual = resolve_precision("auto", torch.device("cpu"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, default precision {usual}")
    print(f"load before: {os.getloadavg()[0]:.2f}")
    measured: dict[str, dict[str, float]] = {}
    for name, shape in VOLUMES.items():
        compact_s, _ = alone(restoration, "compact", shape, shape[0], "auto")
        _, compact_mib = alone(restoration, "compact", shape, given.slices, "auto")
        paper_s, paper_mib = alone(restoration, "paper", shape, given.slices, "auto")
        row = {
            "compact_s": compact_s,
            "paper_s": paper_s,
            "ratio": paper_s / compact_s,
            "compact_mib": compact_mib,
            "paper_mib": paper_mib,
            "memory_ratio": paper_mib / compact_mib,
        }
        if not given.without_bf16:
            compact_bf16_s, _ = alone(restoration, "compact", shape, min(8, shape[0]), "bf16")
            row |= {"compact_bf16_s": compact_bf16_s, "paper_bf16_s": alone(one_window, shape)}
            row["ratio_bf16"] = row["paper_bf16_s"] / compact_bf16_s
        measured[name] = row
        print(f"{name}: {json.dumps({key: round(value, 2) for key, value in row.items()})}", flush=True)
    compact, paper = alone(training, "compact", 4, 20), alone(training, "paper", 1, 2)
    print(f"training, samples per second: compact {compact:.2f}, paper {paper:.4f}, ratio {compact / paper:.0f}")
    if given.experiment is not None:
        print(f"training, share of time waiting for patches: {alone(waiting, given.experiment, 100):.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
