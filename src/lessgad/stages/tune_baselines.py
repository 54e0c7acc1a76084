# SPDX-License-Identifier: Apache-2.0
"""How strong the baselines are: tuned at each dose on validation patients, or on those of training where none are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from lessgad.cohort.split import Subset
from lessgad.engine.unit import Doing, Input, Unit
from lessgad.errors import SettingsError
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import scanned_low_doses, usable_of
from lessgad.experiment.scanned import MIN_SCANNED, enough_patients, scan_units
from lessgad.experiment.unit_names import BASELINES, baselines_at, part_of, prepared
from lessgad.field.presets import CONTEXT_OF_KERNEL

VERSION = 6
#: Validation patients, otherwise training patients; test patients where nothing is trained, which favors baselines.
SUBSETS_IN_ORDER: tuple[Subset, ...] = ("validation", "train", "test")


def units(experiment: Experiment) -> list[Unit]:
    """Give one unit for each dose, and one that puts all doses into a file that people and benchmarks read."""
    settings = experiment.settings
    order = tuple(frozenset(map(prepared, experiment.studies([subset]))) for subset in SUBSETS_IN_ORDER)
    found = []
    for dose in settings.doses:
        scanned = {
            unit: (dose, study.patient)
            for study in experiment.studies(["validation"])
            for unit, at in scan_units(experiment, study).items()
            if at == dose
        }
        candidates = [*map(prepared, experiment.studies(SUBSETS_IN_ORDER)), *scanned]
        target = experiment.folder.strengths(part_of(dose))
        stage, _, name = baselines_at(dose).partition("/")
        found.append(
            Unit(
                stage,
                name,
                f"tuning of the baselines at {part_of(dose)}",
                VERSION,
                {
                    "dose": dose,
                    "regions": settings.cohort.regions,
                    "simulation": settings.simulation.model_dump(mode="json"),
                    "n_slices": settings.training.n_validation_slices,
                },
                partial(tune_at, experiment, dose, target),
                outputs=(target,),
                inputs=tuple(Input(candidate, "where usable") for candidate in candidates),
                counted=partial(_that_count, order=order, whose=scanned, least=MIN_SCANNED),
            )
        )
    parts = {dose: experiment.folder.strengths(part_of(dose)) for dose in settings.doses}
    gathered = experiment.folder.baselines
    found.append(
        Unit(
            "restore",
            BASELINES,
            "gathering of the baselines",
            VERSION,
            {},
            partial(gather, parts, gathered),
            outputs=(gathered,),
            inputs=tuple(Input(baselines_at(dose)) for dose in settings.doses),
        )
    )
    return found


def _that_count(
    usable: frozenset[str],
    order: tuple[frozenset[str], ...],
    whose: Mapping[str, tuple[float, str]],
    least: int,
) -> frozenset[str]:
    """Choose the first subset that has patients; validation patients with their scans if there are enough of them."""
    judges = next((usable & subset for subset in order if usable & subset), frozenset[str]())
    return judges | enough_patients(usable, whose, least) if judges & order[0] else judges


def tune_at(experiment: Experiment, dose: float, target: Path, doing: Doing) -> None:
    """Choose how strong the baselines are at one dose.

    Args:
        experiment: The opened experiment.
        dose: Dose as a fraction of the standard dose, 0–1.
        target: The file to write.
        doing: Receives progress and tells what else the unit reads.

    Raises:
        SettingsError: No study could be prepared.
    """
    from lessgad.dose.simulation import study_simulator
    from lessgad.restoration.baseline_strengths import tune_baselines, write_strengths
    from lessgad.training.validation import ValidationSlices
    from lessgad.training.validation_scans import find_tuning_scans

    settings = experiment.settings
    regions, n_slices = settings.cohort.regions, settings.training.n_validation_slices
    doing.advance(0.0, BASELINES)
    files = usable_of(experiment, experiment.studies(SUBSETS_IN_ORDER), doing.inputs)
    if not files:
        root = experiment.folder.root
        raise SettingsError(
            "No study could be prepared, so there is nothing to restore",
            path=root,
            remedy=f"The reason for each study: lessgad status {root} --why",
        )
    sources = [scanned_low_doses(experiment, one.study, doing.inputs) for one in files]
    studies = [one.read() for one in files]
    slices = []
    for scans in find_tuning_scans(studies, sources, settings.simulation, regions, least=MIN_SCANNED):
        study = scans.study
        simulator, truly = study_simulator(study, settings.simulation), scans if scans.scanned else None
        slices.append(ValidationSlices.of(study, study.tumor(regions), simulator, n_slices, CONTEXT_OF_KERNEL, truly))
    write_strengths(target, tune_baselines(slices, (dose,)))


def gather(parts: Mapping[float, Path], target: Path, _doing: Doing) -> None:
    """Put the strengths of all doses into one file.

    Args:
        parts: File of each dose.
        target: The file to write.
        _doing: Not used.
    """
    from lessgad.restoration.baseline_strengths import BaselineStrengths, read_strengths, write_strengths

    read = [read_strengths(parts[dose]).at(dose) for dose in sorted(parts)]
    write_strengths(target, BaselineStrengths(doses=tuple(read)))
