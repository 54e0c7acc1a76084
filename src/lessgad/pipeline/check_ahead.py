# SPDX-License-Identifier: Apache-2.0
"""What is looked at before a run, and done once before a stage."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.atomic_write import remove_for_good
from lessgad.engine.log import LOGGER
from lessgad.engine.progress import Progress
from lessgad.engine.standing import Standing
from lessgad.experiment.opened import Experiment, check_subsets
from lessgad.experiment.scanned import check_scans
from lessgad.experiment.segmenter import check_segmentation
from lessgad.experiment.stage_names import Stage
from lessgad.experiment.study_files import (
    EXTERNAL_IMAGE,
    ExternalImages,
    contradicted_file,
    half_width_file,
    restored_file,
)
from lessgad.experiment.unit_names import prepared, prepared_scan, restored
from lessgad.experiment.usable_doses import doses_without_scan, usable_doses
from lessgad.experiment_report.answer_from_results import freeze_answer


def check_ahead(experiment: Experiment, stages: Sequence[Stage], progress: Progress) -> None:
    """Find out before hours of work what a later stage could not use.

    Args:
        experiment: The opened experiment.
        stages: Stages to run.
        progress: Receives the progress.
    """
    if set(stages) - {"prepare"}:  # one study alone may be prepared, to look at it
        check_subsets(experiment)
    for line in experiment.split_words:
        LOGGER.warning("%s", line)
        progress.say(line)
    check_scans(experiment)
    if "segment" in stages:
        check_segmentation(experiment)
    if "evaluate" in stages:
        for name in ExternalImages(experiment).without_any():
            progress.say(f"external {name}: no image named {EXTERNAL_IMAGE}, so it is not evaluated")


def begin_stage(experiment: Experiment, standing: Standing, stage: Stage, progress: Progress) -> None:
    """Do what a stage needs once, before its units.

    Args:
        experiment: The opened experiment.
        standing: State of all units.
        stage: The stage.
        progress: Receives the progress.
    """
    if stage == "restore" and experiment.settings.low_dose == "measured":
        usable = _usable_scans(experiment, standing)
        for line in doses_without_scan(experiment, usable):
            LOGGER.info("%s", line)
            progress.say(line)
        _remove_simulated(experiment, standing, usable)
    if stage == "evaluate":
        freeze_answer(experiment)


def _usable_scans(experiment: Experiment, standing: Standing) -> frozenset[str]:
    keys = [prepared_scan(study, dose) for study in experiment.cohort.studies for dose in experiment.settings.doses]
    return frozenset(key for key in keys if key in standing.plan and standing.usable(key))


def _remove_simulated(experiment: Experiment, standing: Standing, usable: frozenset[str]) -> None:
    """Remove what was made of doses that a study was not scanned at, in an earlier run that simulated them."""
    for study in experiment.studies(experiment.settings.subsets):
        if not standing.usable(prepared(study)):
            continue
        for dose in set(experiment.settings.doses) - set(usable_doses(experiment, study, usable)):
            files = [of(experiment, study, dose) for of in (restored_file, half_width_file, contradicted_file)]
            if any(file.exists() for file in files):
                remove_for_good(experiment.folder.state.record(restored(study, dose)))
                for file in files:
                    file.unlink(missing_ok=True)
