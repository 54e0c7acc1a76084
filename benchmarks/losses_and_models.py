# SPDX-License-Identifier: Apache-2.0
"""L1 alone, the published loss, and models of one dose, at the same number of samples.

    python benchmarks/losses_and_models.py train EXPERIMENT FOLDER [MODEL …]
    python benchmarks/losses_and_models.py judge EXPERIMENT FOLDER --subset validation [--picture PICTURE]

`train` teaches each on the training studies of a prepared experiment, one thread. `judge` restores whole studies of a
subset with the last weights and prints what each model makes of them: PSNR and SSIM in the tumor's box, recovery,
false and missed enhancement. With `--picture`, Figure 3 of the paper for each: it shows the patients, so it belongs
nowhere public.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from prepared_experiment import training_task

DOSES = (0.1, 0.3)
N_SAMPLES = 6_000
MODELS = ("l1", "full", "10 alone", "30 alone")


def settings_of(name: str):
    """Field, training, and the dose of the model."""
    from lessgad.field.presets import FieldSettings
    from lessgad.training.settings import PAPER_LOSSES, TrainingSettings

    shared = {"n_samples": N_SAMPLES, "validate_every": 2_000, "precision": "fp32", "vary_position": 0.0}
    one_slice = FieldSettings(n_neighbor_slices=0)
    if name == "full":
        return one_slice, TrainingSettings(**shared, losses=PAPER_LOSSES), None
    if name == "l1":
        return one_slice, TrainingSettings(**shared), None
    dose = float(name.split()[0]) / 100
    return one_slice.model_copy(update={"told_the_dose": False}), TrainingSettings(**shared, models="per_dose"), dose


def train_models(experiment: Path, folder: Path, names: list[str]) -> None:
    import torch

    from lessgad.training.trainer import train

    torch.set_num_threads(1)
    for name in names:
        field, training, dose = settings_of(name)
        started = time.process_time()
        doses = DOSES if dose is None else (dose,)
        task = training_task(experiment, folder / name.replace(" ", "-"), field, training, doses, dose)
        train(task, lambda _: None)
        print(f"{name}: {time.process_time() - started:.0f} CPU-s", flush=True)


def judge_models(experiment_folder: Path, folder: Path, subset: str, picture: Path | None) -> None:
    from lessgad.dose.low_doses import LowDoses
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.study_files import prepared_files
    from lessgad.field.checkpoint import LAST, load_field
    from lessgad.pipeline.usable import usable_studies
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.restoration.settings import RestorationSettings
    from lessgad.restoration.volumes import restore_volume
    from lessgad.scoring.study_scores import StudyScorer

    experiment = open_experiment(experiment_folder)
    settings = experiment.settings
    models = {name: load_field(folder / name.replace(" ", "-"), LAST) for name in MODELS}
    print("| dose | patient | model | PSNR, dB | SSIM | recovery | false, ml | missed, ml | unsupported, ml |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = {}
    for number, study in enumerate(usable_studies(experiment, subset)):
        prepared = read_prepared(prepared_files(experiment, study))
        for dose in DOSES:
            low_dose = LowDoses(settings.simulation).at(prepared, dose)
            images = {"unrestored": low_dose.image}
            for name, (field, description) in models.items():
                if description.dose in (None, dose):
                    sources = {"pre_contrast": np.asarray(prepared.pre_contrast), "low_dose": low_dose.image}
                    volume = restore_volume(
                        field, sources, dose, prepared.head_box, prepared.spacing_mm, RestorationSettings()
                    )
                    images[name] = volume.restored
            for name, image in images.items():
                scorer = StudyScorer(prepared, subset, settings.cohort.regions)
                scorer.score(image, name, low_dose)
                box = next(row for row in scorer.scores.similarity if row.area == "tumor_box")
                scores = scorer.scores.enhancement[0]
                row = (box.psnr_db, box.ssim, scores.recovery, scores.false_ml, scores.missed_ml, scores.unsupported_ml)
                rows.setdefault((dose, name), []).append(row)
                print(f"| {dose:.0%} | {'ABCDEFGH'[number]} | {name} | {words_of(row)} |", flush=True)
            if picture is not None:
                draw(prepared, settings.cohort.regions, images, picture.with_stem(f"{picture.stem}_{number}_{dose:g}"))
    for (dose, name), values in rows.items():
        print(f"| {dose:.0%} | mean | {name} | {words_of(tuple(np.mean(values, axis=0)))} |")


def words_of(row) -> str:
    return " | ".join(
        form.format(value) for form, value in zip(("{:.2f}", "{:.3f}", *["{:.2f}"] * 4), row, strict=True)
    )


def draw(prepared, regions, images, path: Path) -> None:
    """The slice with the most tumor: T1, T1ce, low dose, and what each model makes of it; below, what it adds."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    tumor = prepared.tumor(regions)
    k = int(np.argmax(tumor.sum(axis=(0, 1))))
    cut = prepared.head_box.slices[:2]
    t1 = np.asarray(prepared.pre_contrast)[..., k][cut]
    shown = {"T1": t1, "T1ce": np.asarray(prepared.standard_dose)[..., k][cut]}
    shown |= {name: image[..., k][cut] for name, image in images.items()}
    figure, axes = plt.subplots(2, len(shown), figsize=(2.6 * len(shown), 6), layout="constrained")
    for column, (name, image) in enumerate(shown.items()):
        axes[0, column].imshow(image.T, cmap="gray", vmin=-1, vmax=0.6, origin="lower")
        axes[0, column].set_title(name, fontsize=9)
        axes[1, column].imshow((image - t1).T, cmap="gray", vmin=-0.2, vmax=0.8, origin="lower")
        axes[1, column].set_title(f"{name} − T1", fontsize=9)
    for axis in axes.flat:
        axis.axis("off")
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    train.add_argument("experiment", type=Path)
    train.add_argument("folder", type=Path)
    train.add_argument("models", nargs="*", default=list(MODELS))
    judge = commands.add_parser("judge")
    judge.add_argument("experiment", type=Path)
    judge.add_argument("folder", type=Path)
    judge.add_argument("--subset", choices=("validation", "test"), default="validation")
    judge.add_argument("--picture", type=Path)
    given = parser.parse_args()
    if given.command == "train":
        train_models(given.experiment, given.folder, given.models)
    else:
        judge_models(given.experiment, given.folder, given.subset, given.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
