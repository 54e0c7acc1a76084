# SPDX-License-Identifier: Apache-2.0
"""What a trained model knows of its own limits: how far off it may be, and what it was trained on.

They are separate units, so that a change from simulated to measured low doses computes them again without training.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from lessgad.engine.unit import Doing, Input, Unit
from lessgad.experiment.models import LEARNING, LIMITS, finds_limits, model_doses
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import StudyFiles, learning_inputs, scanned_low_doses, usable_of
from lessgad.experiment.scanned import MIN_SCANNED, enough_patients, scan_units
from lessgad.experiment.unit_names import limits, trained

if TYPE_CHECKING:
    from lessgad.training.validation_scans import ValidationScans

VERSION = 10
SHARE_OF_TRAINING = 0.3  # of its time, for the progress of the stage
#: Where intervals of a model for all doses are calibrated; between them the factor is interpolated.
INTERVAL_DOSES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


def units(experiment: Experiment) -> list[Unit]:
    """Give one unit for each model that is trained; the limits of the pretrained one came with it."""
    settings = experiment.settings
    if not finds_limits(settings):
        return []
    scanned = {
        unit: (dose, study.patient)
        for study in experiment.studies(["validation"])
        for unit, dose in scan_units(experiment, study).items()
    }
    inputs = learning_inputs(experiment) + tuple(Input(one, "where usable") for one in scanned)
    found = []
    for name, dose in model_doses(settings).items():
        folder = experiment.folder.model(name)
        stage, _, unit_name = limits(name).partition("/")
        found.append(
            Unit(
                stage,
                unit_name,
                f"limits of {name}",
                VERSION,
                {
                    "regions": settings.cohort.regions,
                    "restoration": settings.restoration.model_dump(mode="json", exclude={"slices_at_once"}),
                },
                partial(write_model_limits, experiment, name, dose),
                outputs=(folder / LIMITS[0],),
                inputs=(Input(trained(name)), *inputs),
                passing=tuple(folder / file for file in (*LIMITS[1:], "card.md")),
                size=SHARE_OF_TRAINING * settings.training.n_samples,
                here=True,
                counted=partial(_that_count, whose=scanned, least=MIN_SCANNED),
            )
        )
    return found


def _that_count(usable: frozenset[str], whose: Mapping[str, tuple[float, str]], least: int) -> frozenset[str]:
    """Choose the doses at which enough validation patients were scanned."""
    return usable.difference(whose) | enough_patients(usable, whose, least)


def write_model_limits(experiment: Experiment, name: str, dose: float | None, doing: Doing) -> None:
    """Calibrate intervals of the best weights, judge their guess at dose 0; note what training saw.

    All but the last on validation patients: without them nothing can be promised, and there is none of these. With
    fewer than `restoration.interval_patients` there are no intervals.

    Args:
        experiment: The opened experiment.
        name: Name of the model.
        dose: Dose as a fraction of the standard dose; None for the standard dose.
        doing: Receives progress and tells what else the unit reads.
    """
    from lessgad.report.model_card import write_limits_on_card
    from lessgad.restoration.out_of_distribution import write_training_range
    from lessgad.training.training_range import find_training_range

    settings, folder = experiment.settings, experiment.folder.model(name)
    doing.advance(0.0, f"intervals ({name})")
    for file in LIMITS:
        (folder / file).unlink(missing_ok=True)
    studies = {subset: usable_of(experiment, experiment.studies([subset]), doing.inputs) for subset in LEARNING}
    if studies["validation"]:
        _on_validation_patients(experiment, name, dose, studies["validation"], doing.inputs)
    write_limits_on_card(folder)
    seen = [study.read() for subset in LEARNING for study in studies[subset]]
    sees_neighbors = settings.field.n_neighbor_slices > 0
    write_training_range(folder, find_training_range(seen, settings.simulation, sees_neighbors=sees_neighbors))


def _on_validation_patients(
    experiment: Experiment, name: str, dose: float | None, studies: Sequence[StudyFiles], usable: Collection[str]
) -> None:
    from lessgad.dose.simulation import study_simulator
    from lessgad.restoration.conformal_intervals import write_intervals
    from lessgad.restoration.zero_dose_estimate import write_zero_dose_estimate
    from lessgad.training.chosen_without import CrossFittedField
    from lessgad.training.interval_calibration import calibrate_intervals
    from lessgad.training.validation import ValidationSlices, patients_of
    from lessgad.training.validation_scans import find_tuning_scans
    from lessgad.training.zero_dose_assessment import assess_zero_dose_estimate

    settings, folder = experiment.settings, experiment.folder.model(name)
    extent = settings.training.vary_position
    sources = [scanned_low_doses(experiment, one.study, usable) for one in studies]
    given = [one.read() for one in studies], sources, settings.simulation, settings.cohort.regions
    scans = find_tuning_scans(*given, least=MIN_SCANNED, extent=extent)
    masks = [one.study.tumor(settings.cohort.regions) for one in scans]
    doses, scanned = _doses(dose, scans)
    how_many = settings.training.n_validation_slices, settings.field.n_context_slices
    slices = [
        ValidationSlices.of(one.study, mask, study_simulator(one.study, settings.simulation), *how_many, one)
        for one, mask in zip(scans, masks, strict=True)
    ]
    field_of = CrossFittedField(folder)
    calibration = calibrate_intervals(
        field_of,
        slices,
        doses,
        settings.restoration,
        scanned=scanned,
        cross_fitted=field_of.covers(patients_of(slices)),
    )
    if calibration.n_patients >= settings.restoration.interval_patients:
        write_intervals(folder, calibration)
    if 0.0 in doses:
        write_zero_dose_estimate(folder, assess_zero_dose_estimate(field_of, slices, settings.restoration))


def _doses(dose: float | None, scans: Sequence[ValidationScans]) -> tuple[list[float], list[float]]:
    """Doses to look at, of a model for all of them or for one; and those of them that were scanned."""
    scanned = scans[0].scanned
    doses = sorted({*INTERVAL_DOSES, *scanned}) if dose is None else [dose]
    return doses, [at for at in doses if at in scanned]
