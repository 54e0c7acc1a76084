# SPDX-License-Identifier: Apache-2.0
"""What a trained model knows of its own limits: how far off it may be, and what it was trained on.

They are units of their own: judging scans instead of simulated low doses finds them anew and trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lessgad.experiment.fingerprint import fingerprint
from lessgad.workflow.companions import read_study
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.train import LEARNING, LIMITS, model_doses, usable_studies
from lessgad.workflow.tuning_scans import ScansOfStudy, scans_marks, tuning_scans
from lessgad.workflow.unit import Advance, Unit

VERSION = 5
SUFFIX = "_limits"
SHARE_OF_TRAINING = 0.3  # of its time, for the progress of the stage
#: Where intervals of a model for all doses are calibrated; between them the factor is interpolated.
INTERVAL_DOSES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


def plan_limits(experiment: Experiment, trainings: Sequence[Unit]) -> list[Unit]:
    """Give one unit for each model that is trained."""
    settings = experiment.settings
    scans = scans_marks(experiment, usable_studies(experiment, "validation"))
    units = []
    for training, (name, dose) in zip(trainings, model_doses(experiment).items(), strict=True):
        mark = fingerprint(
            VERSION,
            model=training.fingerprint,
            regions=settings.cohort.regions,
            restoration=settings.restoration.model_dump(mode="json", include={"window", "precision"}),
            **scans,
        )
        folder = experiment.folder.model(name)
        units.append(
            Unit(
                "train",
                name + SUFFIX,
                f"limits of {name}",
                mark,
                partial(write_model_limits, experiment, name, dose),
                outputs=(folder / LIMITS[0],),
                passing=tuple(folder / file for file in (*LIMITS[1:], "card.md")),
                size=SHARE_OF_TRAINING * settings.training.n_samples,
                after=training,
            )
        )
    return units


def write_model_limits(experiment: Experiment, name: str, dose: float | None, advance: Advance) -> None:
    """Calibrate intervals of the best weights, judge their guess at dose 0; note what training saw.

    All but the last on validation patients: without them nothing can be promised, and there is none of these.
    """
    from lessgad.restoration.training_range import write_training_range
    from lessgad.training.seen_range import seen_range
    from lessgad.workflow.model_card import write_limits_on_card

    settings, folder = experiment.settings, experiment.folder.model(name)
    advance(0.0, f"intervals ({name})")
    for file in LIMITS:
        (folder / file).unlink(missing_ok=True)
    if usable_studies(experiment, "validation"):
        _on_validation_patients(experiment, name, dose)
    write_limits_on_card(folder)
    seen = [read_study(experiment, study) for subset in LEARNING for study in usable_studies(experiment, subset)]
    sees_neighbors = settings.field.n_neighbor_slices > 0
    write_training_range(folder, seen_range(seen, settings.simulation, sees_neighbors=sees_neighbors))


def _on_validation_patients(experiment: Experiment, name: str, dose: float | None) -> None:
    from lessgad.dose.simulation import study_simulator
    from lessgad.field.checkpoint import load_field
    from lessgad.restoration.guess import write_guess
    from lessgad.restoration.intervals import write_intervals
    from lessgad.training.guess_judgement import judge_guess
    from lessgad.training.interval_calibration import calibrate_intervals
    from lessgad.training.validation import ValidationSlices

    settings, folder = experiment.settings, experiment.folder.model(name)
    studies, extent = usable_studies(experiment, "validation"), settings.training.vary_position
    scans = tuning_scans(experiment, studies, extent)
    masks = [one.study.tumor(settings.cohort.regions) for one in scans]
    doses, scanned = _doses(dose, scans)
    how_many = settings.training.n_validation_slices, settings.field.n_context_slices
    slices = [
        ValidationSlices.of(one.study, mask, study_simulator(one.study, settings.simulation), *how_many, one)
        for one, mask in zip(scans, masks, strict=True)
    ]
    field, _ = load_field(folder)
    write_intervals(folder, calibrate_intervals(field, slices, doses, settings.restoration, scanned=scanned))
    if 0.0 in doses:
        write_guess(folder, judge_guess(field, slices, settings.restoration))


def _doses(dose: float | None, scans: Sequence[ScansOfStudy]) -> tuple[list[float], list[float]]:
    """Doses to look at, of a model for all of them or for one; and those of them that were scanned."""
    scanned = scans[0].scanned
    doses = sorted({*INTERVAL_DOSES, *scanned}) if dose is None else [dose]
    return doses, [at for at in doses if at in scanned]
