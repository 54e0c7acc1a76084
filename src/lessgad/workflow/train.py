# SPDX-License-Identifier: Apache-2.0
"""Stage train: one model for all doses, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lessgad.atomic_write import replacing
from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label
from lessgad.errors import DoseError, SettingsError
from lessgad.experiment.fingerprint import fingerprint
from lessgad.pretrained import pretrained_model
from lessgad.training.processes import ALONE, Processes
from lessgad.workflow.companions import read_study, usable_t2
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import plan_preparation
from lessgad.workflow.together import order_given
from lessgad.workflow.unit import Advance, Unit, unit_state

if TYPE_CHECKING:
    from lessgad.training.trainer import TrainingProgress, TrainingTask

VERSION = 7
ALL_DOSES = "all-doses"
PRETRAINED = "pretrained"
PER_DOSE = "Set training.models: per_dose in experiment.yaml for a model of each dose"
LEARNING: tuple[Subset, ...] = ("train", "validation")
#: The model's files, spelled here so that looking at the state of an experiment does not import torch.
WRITTEN = ("model.yaml", "best.safetensors", "last.safetensors", "learning_curve.csv")
#: What of the pretrained model is copied into an experiment that trains nothing.
SHIPPED = ("model.yaml", "best.safetensors", "card.md", "training_range.yaml", "intervals.yaml")
PASSING = ("resume.pt", "card.md", "learning_curve.png")
LIMITS = ("training_range.yaml", "intervals.yaml", "guess.yaml")  # found of the trained model
#: Where a model for all doses is validated, whatever doses are judged later: judging other doses trains nothing anew.
VALIDATION_DOSES = (0.0, 0.2, 0.4, 0.7, 0.9)
KERNEL_VALIDATION_DOSES = (0.05, 0.1, 0.2, 0.3, 0.6)


def plan_training(experiment: Experiment, processes: Processes = ALONE) -> list[Unit]:
    """Give one unit for each model, to be trained by all processes; studies that cannot be prepared are left out."""
    settings = experiment.settings
    if settings.training.models == "pretrained":
        return [_pretrained_unit(experiment)]
    marks = {subset: _prepared_marks(experiment, subset) for subset in LEARNING}
    units = []
    for name, dose in model_doses(experiment).items():
        mark = fingerprint(
            VERSION,
            dose=dose,
            studies=marks,
            regions=settings.cohort.regions,
            simulation=settings.simulation.model_dump(mode="json"),
            field=settings.field.model_dump(mode="json"),
            training=settings.training.model_dump(mode="json"),
            validation_doses=_validation_doses(experiment, dose),
        )
        folder = experiment.folder.model(name)
        units.append(
            Unit(
                "train",
                name,
                f"training of {name}",
                mark,
                partial(train_model, experiment, name, dose, mark, processes=processes),
                outputs=tuple(folder / file for file in WRITTEN),
                passing=tuple(folder / file for file in PASSING),
                size=float(settings.training.n_samples),
            )
        )
    return units


def _pretrained_unit(experiment: Experiment) -> Unit:
    """Give the unit that copies the model that ships with lessgad."""
    folder = experiment.folder.model(PRETRAINED)
    weights = pretrained_model() / "best.safetensors"
    mark = fingerprint(VERSION, weights=experiment.hashes.of(weights))
    files = tuple(folder / file for file in SHIPPED)
    return Unit("train", PRETRAINED, "copy of the pretrained model", mark, partial(_copy_pretrained, folder), files)


def _copy_pretrained(folder: Path, advance: Advance) -> None:
    advance(0.0, PRETRAINED)
    for file in SHIPPED:
        with replacing(folder / file) as temporary:
            temporary.write_bytes((pretrained_model() / file).read_bytes())


def model_doses(experiment: Experiment) -> dict[str, float | None]:
    """Name each model, with the one dose that it is for; None where it is told the dose."""
    models = experiment.settings.training.models
    if models != "per_dose":
        return {PRETRAINED if models == "pretrained" else ALL_DOSES: None}
    return {dose_label(dose): dose for dose in experiment.settings.doses}


def models_named(experiment: Experiment, doses: Sequence[float]) -> frozenset[str]:
    """Name the models of some doses.

    Raises:
        DoseError: A dose is not one of the experiment's, or all doses share one model.
    """
    known = model_doses(experiment)
    names = frozenset(dose_label(dose) for dose in doses)
    if names and experiment.settings.training.models != "per_dose":
        raise DoseError("no dose, for one model serves them all", ", ".join(sorted(names)), None, PER_DOSE)
    unknown = sorted(names - set(known))
    if unknown:
        raise DoseError(f"doses of this experiment ({', '.join(known)})", ", ".join(unknown))
    return names


def model_of_dose(experiment: Experiment, dose: float) -> str:
    """Name the model that restores a dose."""
    (only, *more) = model_doses(experiment)
    return dose_label(dose) if more or experiment.settings.training.models == "per_dose" else only


def usable_studies(experiment: Experiment, subset: Subset) -> list[Study]:
    """Studies of a subset, without those whose preparation failed."""
    states = {unit.name: unit_state(experiment.folder, unit) for unit in plan_preparation(experiment)}
    return [study for study in experiment.studies([subset]) if states[study.name] != "failed"]


def train_model(
    experiment: Experiment,
    name: str,
    dose: float | None,
    mark: str,
    advance: Advance,
    processes: Processes = ALONE,
) -> None:
    """Train one model, from where it stopped; where several processes train together, this one leads.

    Raises:
        SettingsError: No training study could be prepared.
        KeyboardInterrupt: The user pressed Ctrl-C; the state is saved.
        LessgadError: Another process has ended before its time.
    """
    from lessgad.field.checkpoint import BEST
    from lessgad.training.trainer import CURVE_FILE, RESUME_FILE, train
    from lessgad.workflow.model_card import write_model_card

    studies = {subset: usable_studies(experiment, subset) for subset in LEARNING}
    if not studies["train"]:
        raise SettingsError("at least one training study that could be prepared", "none", experiment.folder.root)
    for file in LIMITS:  # of other weights
        (experiment.folder.model(name) / file).unlink(missing_ok=True)
    cohort_mark = fingerprint(0, studies={subset: _prepared_marks(experiment, subset) for subset in LEARNING})
    task = _task(experiment, name, dose, mark, studies, cohort_mark)
    if (task.folder / CURVE_FILE).exists() and not (task.folder / BEST).exists():
        # Somebody deleted the best weights: only a training from the start finds them again.
        (task.folder / RESUME_FILE).unlink(missing_ok=True)

    def tell(progress: TrainingProgress) -> None:
        gain = progress.validation_gain_db
        validation = f", validation gain {gain:+.2f} dB" if gain == gain else ""  # NaN before the first
        advance(float(progress.n_samples_done), f"loss {progress.loss:.4f}{validation} ({name})")

    with order_given(processes, partial(_train_beside, experiment, name, dose, mark, studies["train"])):
        train(task, tell, processes)
    write_model_card(task, processes.n)


def _train_beside(
    experiment: Experiment, name: str, dose: float | None, mark: str, studies: Sequence[Study], processes: Processes
) -> None:
    """Take part in a training that another process leads, which validates and writes."""
    from lessgad.training.trainer import train

    train(_task(experiment, name, dose, mark, {"train": studies}), lambda _: None, processes)


def _task(
    experiment: Experiment,
    name: str,
    dose: float | None,
    mark: str,
    studies: Mapping[Subset, Sequence[Study]],
    cohort_mark: str = "",
) -> TrainingTask:
    from lessgad.dose.simulation import study_simulator
    from lessgad.field.checkpoint import ModelDescription
    from lessgad.training.patch_source import PatchSource
    from lessgad.training.trainer import TrainingTask
    from lessgad.training.validation import ValidationSlices

    settings = experiment.settings
    regions, n_slices = settings.cohort.regions, settings.training.n_validation_slices
    prepared = {subset: [read_study(experiment, study) for study in studies.get(subset, ())] for subset in LEARNING}
    return TrainingTask(
        folder=experiment.folder.model(name),
        description=ModelDescription(
            field=settings.field,
            dose=dose,
            simulation=settings.simulation,
            preparation=settings.preparation,
            cohort_fingerprint=cohort_mark,
            training=settings.training.model_dump(mode="json"),
        ),
        settings=settings.training,
        studies=[
            PatchSource.of(study, study.tumor(regions), study_simulator(study, settings.simulation))
            for study in prepared["train"]
        ],
        validation=[
            ValidationSlices.of(
                study,
                study.tumor(regions),
                study_simulator(study, settings.simulation),
                n_slices,
                settings.field.n_context_slices,
            )
            for study in prepared["validation"]
        ],
        validation_doses=_validation_doses(experiment, dose),
        fingerprint=mark,
    )


def _validation_doses(experiment: Experiment, dose: float | None) -> list[float]:
    """Validate at the dose of the model, or at five that stand for all."""
    if dose is not None:
        return [dose]
    return list(KERNEL_VALIDATION_DOSES if experiment.settings.field.preset == "kernel" else VALIDATION_DOSES)


def _prepared_marks(experiment: Experiment, subset: Subset) -> list[str]:
    usable = {study.name for study in usable_studies(experiment, subset)}
    pairs = [unit.fingerprint for unit in plan_preparation(experiment) if unit.name in usable]
    t2 = (usable_t2(experiment, study) for study in experiment.studies([subset]) if study.name in usable)
    return pairs + [f"{unit.name}: {unit.fingerprint}" for unit in t2 if unit is not None]
