# SPDX-License-Identifier: Apache-2.0
"""Stage train: one model for all doses, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lessgad.atomic_write import replacing
from lessgad.cohort.split import Subset
from lessgad.engine.fingerprint import fingerprint
from lessgad.engine.unit import Doing, Unit
from lessgad.errors import SettingsError
from lessgad.experiment.models import LEARNING, LIMITS, PRETRAINED, model_doses
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import StudyFiles, learning_inputs, usable_of
from lessgad.experiment.unit_names import limits, prepared, prepared_t2, trained
from lessgad.pretrained import pretrained_model
from lessgad.training.distributed_run import order_given
from lessgad.training.processes import ALONE, Processes

if TYPE_CHECKING:
    from lessgad.training.trainer import TrainingProgress, TrainingTask

VERSION = 10
#: The model's files, spelled here so that looking at the state of an experiment does not import torch.
WRITTEN = ("model.yaml", "best.safetensors", "last.safetensors", "learning_curve.csv")
#: What of the pretrained model is copied into an experiment that trains nothing.
SHIPPED = ("model.yaml", "best.safetensors", "card.md", "training_range.yaml", "intervals.yaml")
PASSING = ("resume.pt", "card.md", "chosen_without.yaml", "learning_curve.png")
#: Validation doses of a model for all doses. They do not depend on the evaluated doses, which thus can change freely.
VALIDATION_DOSES = (0.0, 0.2, 0.4, 0.7, 0.9)
KERNEL_VALIDATION_DOSES = (0.05, 0.1, 0.2, 0.3, 0.6)
Studies = Mapping[Subset, Sequence[StudyFiles]]


def units(experiment: Experiment, processes: Processes = ALONE) -> list[Unit]:
    """Make one unit for each model, trained by all processes; unprepared studies are left out.

    Args:
        experiment: The opened experiment.
        processes: The processes that train together.

    Returns:
        The units.
    """
    settings = experiment.settings
    if settings.training.models == "pretrained":
        return [_copy_unit(experiment)]
    inputs = learning_inputs(experiment)
    found = []
    for name, dose in model_doses(settings).items():
        folder = experiment.folder.model(name)
        stage, _, unit_name = trained(name).partition("/")
        found.append(
            Unit(
                stage,
                unit_name,
                f"training of {name}",
                VERSION,
                {
                    "dose": dose,
                    "regions": settings.cohort.regions,
                    "simulation": settings.simulation.model_dump(mode="json"),
                    "field": settings.field.model_dump(mode="json"),
                    "training": settings.training.model_dump(mode="json"),
                    "validation_doses": _validation_doses(experiment, dose),
                },
                partial(train_model, experiment, name, dose, processes=processes),
                outputs=tuple(folder / file for file in WRITTEN),
                inputs=inputs,
                passing=tuple(folder / file for file in PASSING),
                size=float(settings.training.n_samples),
                here=True,
                spoils=(limits(name),),
            )
        )
    return found


def _copy_unit(experiment: Experiment) -> Unit:
    """Give the unit that copies the model that ships with lessgad."""
    folder = experiment.folder.model(PRETRAINED)
    stage, _, name = trained(PRETRAINED).partition("/")
    return Unit(
        stage,
        name,
        "copy of the pretrained model",
        VERSION,
        {"weights": experiment.hashes.of(pretrained_model() / "best.safetensors")},
        partial(copy_pretrained, folder),
        outputs=tuple(folder / file for file in SHIPPED),
        here=True,
    )


def copy_pretrained(folder: Path, doing: Doing) -> None:
    """Copy the model that ships with lessgad.

    Args:
        folder: The model folder.
        doing: Receives progress and tells what else the unit reads.
    """
    doing.advance(0.0, PRETRAINED)
    for file in SHIPPED:
        with replacing(folder / file) as temporary:
            temporary.write_bytes((pretrained_model() / file).read_bytes())


def train_model(
    experiment: Experiment, name: str, dose: float | None, doing: Doing, processes: Processes = ALONE
) -> None:
    """Train one model, from where it stopped; where several processes train together, this one leads.

    Args:
        experiment: The opened experiment.
        name: Name of the model.
        dose: Dose as a fraction of the standard dose; None for the standard dose.
        doing: Receives progress and tells what else the unit reads.
        processes: The processes that train together.

    Raises:
        SettingsError: No training study could be prepared.
        KeyboardInterrupt: The user pressed Ctrl-C; the state is saved.
        LessgadError: Another process has ended before its time.
    """
    from lessgad.field.checkpoint import BEST
    from lessgad.report.model_card import write_model_card
    from lessgad.training.learning_curve import CURVE_FILE
    from lessgad.training.trainer import RESUME_FILE, train

    studies = {subset: usable_of(experiment, experiment.studies([subset]), doing.inputs) for subset in LEARNING}
    if not studies["train"]:
        root = experiment.folder.root
        raise SettingsError(
            "No training study could be prepared",
            path=root,
            remedy=f"The reason for each study: lessgad status {root} --why",
        )
    for file in LIMITS:  # of other weights
        (experiment.folder.model(name) / file).unlink(missing_ok=True)
    cohort_mark = fingerprint(0, studies={subset: _marks(of_it, doing) for subset, of_it in studies.items()})
    task = _task(experiment, name, dose, doing.fingerprint, studies, cohort_mark)
    if (task.folder / CURVE_FILE).exists() and not (task.folder / BEST).exists():
        # Somebody deleted the best weights: only a training from the start finds them again.
        (task.folder / RESUME_FILE).unlink(missing_ok=True)

    def tell(progress: TrainingProgress) -> None:
        gain = progress.validation_gain_db
        validation = f", validation gain {gain:+.2f} dB" if gain == gain else ""  # NaN before the first
        doing.advance(float(progress.n_samples_done), f"loss {progress.loss:.4f}{validation} ({name})")

    beside = partial(_train_beside, experiment, name, dose, doing.fingerprint, studies["train"])
    with order_given(processes, beside):
        train(task, tell, processes)
    write_model_card(task, processes.n)


def _train_beside(
    experiment: Experiment,
    name: str,
    dose: float | None,
    mark: str,
    studies: Sequence[StudyFiles],
    processes: Processes,
) -> None:
    """Take part in a training that another process leads, which validates and writes."""
    from lessgad.training.trainer import train

    train(_task(experiment, name, dose, mark, {"train": studies}), lambda _: None, processes)


def _task(
    experiment: Experiment, name: str, dose: float | None, mark: str, studies: Studies, cohort_mark: str = ""
) -> TrainingTask:
    from lessgad.dose.simulation import study_simulator
    from lessgad.field.checkpoint import ModelDescription
    from lessgad.training.patch_source import PatchSource
    from lessgad.training.trainer import TrainingTask
    from lessgad.training.validation import ValidationSlices

    settings = experiment.settings
    regions, n_slices = settings.cohort.regions, settings.training.n_validation_slices
    read = {subset: [study.read() for study in studies.get(subset, ())] for subset in LEARNING}
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
            for study in read["train"]
        ],
        validation=[
            ValidationSlices.of(
                study,
                study.tumor(regions),
                study_simulator(study, settings.simulation),
                n_slices,
                settings.field.n_context_slices,
            )
            for study in read["validation"]
        ],
        validation_doses=_validation_doses(experiment, dose),
        fingerprint=mark,
    )


def _validation_doses(experiment: Experiment, dose: float | None) -> list[float]:
    """Validate at the dose of the model, or at five that stand for all."""
    if dose is not None:
        return [dose]
    return list(KERNEL_VALIDATION_DOSES if experiment.settings.field.preset == "kernel" else VALIDATION_DOSES)


def _marks(studies: Sequence[StudyFiles], doing: Doing) -> list[str]:
    """Fingerprint the prepared images that a model learns from, as its description keeps them."""
    pairs = [doing.inputs[prepared(one.study)] for one in studies]
    t2 = [one.study for one in studies if one.t2 is not None]
    return pairs + [f"{prepared_t2(study).partition('/')[2]}: {doing.inputs[prepared_t2(study)]}" for study in t2]
