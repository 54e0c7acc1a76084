# SPDX-License-Identifier: Apache-2.0
"""Train an nnU-Net on prepared studies: plan, preprocess, train each fold; finished steps are not repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lessgad.atomic_write import write_text
from lessgad.engine.fingerprint import fingerprint
from lessgad.errors import SettingsError
from lessgad.field.device import compute_device
from lessgad.segmentation.nnunet_dataset import preprocess_case, write_dataset_json, write_fingerprint
from lessgad.segmentation.nnunet_environment import DATASET, PLANS, nnunet_environment
from lessgad.segmentation.nnunet_plan import plan
from lessgad.segmentation.nnunet_trainer import FINAL, SilentTrainer
from lessgad.segmentation.segmentation_case import SegmentationCase
from lessgad.segmentation.settings import SegmentationSettings

PREPARING = 0.1  # of the work; training is the rest
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class NnunetTrainingTask:
    """One training of nnU-Net.

    Attributes:
        folder: Folder of nnU-Net: ``raw``, ``preprocessed``, ``results``.
        cases: Images and masks of training and validation patients.
        regions: Names of the regions, in order.
        settings: Settings of the segmentation.
        fingerprint: Fingerprint of all that the networks depend on.
    """

    folder: Path
    cases: tuple[SegmentationCase, ...]
    regions: tuple[str, ...]
    settings: SegmentationSettings
    fingerprint: str


def model_folder(folder: Path, settings: SegmentationSettings) -> Path:
    """Give the folder of the trained model, named as nnU-Net names it.

    Args:
        folder: Folder in which nnU-Net works.
        settings: Settings of the segmentation.

    Returns:
        The folder.
    """
    return folder / "results" / DATASET / f"nnUNetTrainer__{PLANS}__{settings.configuration}"


def train_segmentation(task: NnunetTrainingTask, tell: Tell) -> None:
    """Train all folds, from where they stopped.

    Args:
        task: What to learn.
        tell: Called with the share of the work that is done and its current step.

    Raises:
        SettingsError: There are fewer patients than folds.
    """
    device = compute_device()
    settings = task.settings
    folds = folds_of(task.cases, settings.folds)
    with nnunet_environment(task.folder):
        plans, dataset = _plans(task, tell)
    with nnunet_environment(task.folder, n_augmenting=0 if device.type == "cpu" else None):
        mark = fingerprint(0, plans=plans, of=task.fingerprint)
        used = [case for case in task.cases if any(case.name in fold for fold in folds)]
        for number, case in enumerate(used):
            tell(PREPARING * (0.4 + 0.6 * number / len(used)), f"resampling study {number + 1} of {len(used)}")
            preprocess_case(task.folder, plans, settings.configuration, case, fingerprint(0, plans=plans))
        for number, names in enumerate(folds):
            if _is_final(task, number, mark):
                continue

            def tell_epoch(n_done: int, loss: float, number: int = number) -> None:
                done = PREPARING + (1 - PREPARING) * (number + n_done / settings.n_epochs) / len(folds)
                fold = f", network {number + 1} of {len(folds)}" if len(folds) > 1 else ""
                tell(done, f"epoch {n_done} of {settings.n_epochs}{fold}, loss {loss:.3f}")

            trainer = SilentTrainer(
                {**plans, "continue_training": False}, settings.configuration, number, dataset, device
            )
            seed = settings.seed + number
            trainer.assign(names, n_epochs=settings.n_epochs, seed=seed, mark=mark, tell=tell_epoch)
            trainer.run_training()


def folds_of(cases: Sequence[SegmentationCase], n_folds: int) -> list[list[str]]:
    """Distribute cases over folds; the studies of a patient stay together.

    One fold: those of the training patients. Several: patients of training and validation are dealt out in turn, and
    each network learns from all but its share.

    Args:
        cases: Cases to learn from.
        n_folds: Number of folds.

    Returns:
        Cases that each network is trained on.

    Raises:
        SettingsError: There are fewer patients than folds.
    """
    if n_folds == 1:
        return [[case.name for case in cases if not case.validation]]
    patients = sorted({case.patient for case in cases})
    if len(patients) < n_folds:
        raise SettingsError(
            f"{len(patients)} training patients have masks; {n_folds} folds need at least {n_folds}",
            remedy="Set segmentation.folds lower",
        )
    return [[case.name for case in cases if patients.index(case.patient) % n_folds != fold] for fold in range(n_folds)]


def _plans(task: NnunetTrainingTask, tell: Tell) -> tuple[dict[str, object], dict[str, object]]:
    """Plan, or read the plans that were made of the same cases; training patients alone decide."""
    dataset = write_dataset_json(task.folder, task.cases, task.regions)
    learning = [case for case in task.cases if not case.validation]
    place = task.folder / "preprocessed" / DATASET
    marker, written = place / "plans.mark", place / f"{PLANS}.json"
    mark = fingerprint(1, dataset=dataset, cases=[case.fingerprint for case in learning])
    if not (marker.exists() and written.exists() and marker.read_text(encoding="utf-8") == mark):
        marker.unlink(missing_ok=True)
        write_fingerprint(
            task.folder,
            learning,
            lambda n: tell(PREPARING * 0.4 * n / len(learning), f"looking at study {n + 1} of {len(learning)}"),
        )
        plan(task.folder)
        write_text(marker, mark)
    return json.loads(written.read_text(encoding="utf-8")), dataset


def _is_final(task: NnunetTrainingTask, fold: int, mark: str) -> bool:
    path = model_folder(task.folder, task.settings) / f"fold_{fold}" / FINAL
    try:
        return bool(torch.load(path, map_location="cpu", weights_only=True).get("lessgad_mark") == mark)
    except Exception:  # noqa: BLE001 - what cannot be read is trained again
        return False
