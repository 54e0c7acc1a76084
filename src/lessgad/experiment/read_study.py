# SPDX-License-Identifier: Apache-2.0
"""Prepared studies as stages read them: with what else was prepared of them and can be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from lessgad.cohort.study import Study
from lessgad.dose.low_doses import LowDoses
from lessgad.engine.unit import Input
from lessgad.experiment.models import LEARNING
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import scans
from lessgad.experiment.study_files import prepared_files
from lessgad.experiment.unit_names import prepared, prepared_scan, prepared_t2
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy, read_prepared
from lessgad.volume import Volume, read_volume


@dataclass(frozen=True)
class StudyFiles:
    """The files of one prepared study.

    Attributes:
        study: A study of the cohort.
        files: Files of the prepared images.
        t2: File of the T2; None without one or if no field uses it.
    """

    study: Study
    files: PreparedFiles
    t2: Path | None = None

    def read(self) -> PreparedStudy:
        """Read the prepared study.

        Returns:
            The study, with its T2 if a field uses one.

        Raises:
            VolumeError: A file is missing or damaged.
        """
        study = read_prepared(self.files)
        return study if self.t2 is None else replace(study, t2=read_auxiliary_image(self.t2)[0])


@lru_cache(maxsize=1)
def read_once(study: StudyFiles, _fingerprint: str) -> tuple[PreparedStudy, Volume]:
    """Read a prepared study and its stored T1 once for consecutive units of one worker.

    Args:
        study: Files of the study.
        _fingerprint: fingerprint of its preparation: with another one it is another study.

    Returns:
        The study, and its T1 as stored.

    Raises:
        VolumeError: A file is missing or damaged.
    """
    return study.read(), read_volume(study.files.pre_contrast, own=True)


def has_t2(experiment: Experiment, study: Study) -> bool:
    """Say whether the T2 of a study is prepared: the field uses one, and the study has it.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.

    Returns:
        True if it is.
    """
    return "t2" in experiment.settings.field.inputs and bool(study.t2)


def t2_inputs(experiment: Experiment, study: Study) -> tuple[Input, ...]:
    """Declare that a unit reads the T2 of a study if it is usable; without it the unit is still done.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.

    Returns:
        The inputs to declare.
    """
    return (Input(prepared_t2(study), "where usable"),) if has_t2(experiment, study) else ()


def learning_inputs(experiment: Experiment) -> tuple[Input, ...]:
    """Declare that a unit reads the prepared studies of training and validation patients.

    Args:
        experiment: The opened experiment.

    Returns:
        The inputs to declare.
    """
    found: list[Input] = []
    for subset in LEARNING:
        for study in experiment.studies([subset]):
            found += Input(prepared(study), "where usable", subset), *t2_inputs(experiment, study)
    return tuple(found)


def study_files(experiment: Experiment, study: Study, usable: Collection[str]) -> StudyFiles:
    """Collect the files of a study whose units can be used.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        usable: Keys of the units whose results can be used.

    Returns:
        The files.
    """
    files = prepared_files(experiment, study)
    with_t2 = has_t2(experiment, study) and prepared_t2(study) in usable
    return StudyFiles(study, files, files.t2 if with_t2 else None)


def usable_of(experiment: Experiment, studies: Sequence[Study], usable: Collection[str]) -> list[StudyFiles]:
    """Keep the studies whose pair could be prepared.

    Args:
        experiment: The opened experiment.
        studies: Studies of the cohort.
        usable: Keys of the units whose results can be used.

    Returns:
        Files of these studies.
    """
    return [study_files(experiment, study, usable) for study in studies if prepared(study) in usable]


def scanned_low_doses(experiment: Experiment, study: Study, usable: Collection[str]) -> LowDoses:
    """Find the source of the low doses of a study: simulation, or scans that could be prepared.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        usable: Keys of the units whose results can be used.

    Returns:
        The source.
    """
    simulation = experiment.settings.simulation
    if experiment.settings.low_dose == "simulated":
        return LowDoses(simulation)
    files = prepared_files(experiment, study)
    there = {dose: files.low_dose(dose) for dose in scans(experiment, study) if prepared_scan(study, dose) in usable}
    return LowDoses(simulation, there)
