# SPDX-License-Identifier: Apache-2.0
"""Cautions on studies that were prepared."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from lessgad.cohort.study import Study
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import scans
from lessgad.experiment.study_files import prepared_files
from lessgad.experiment.unit_names import prepared, prepared_scan, prepared_t2
from lessgad.preparation.auxiliary_files import description_of


@dataclass(frozen=True)
class StudyCaution:
    """A reason to look at a study before believing its results.

    Attributes:
        study: Its name; with the image, where it is about a T2 or a scan at a lower dose.
        words: One line.
    """

    study: str
    words: str


def study_cautions(experiment: Experiment, done: Collection[str]) -> list[StudyCaution]:
    """List the cautions of prepared studies and of their further images.

    Args:
        experiment: The opened experiment.
        done: Units that are done; what others have left behind is not read.

    Returns:
        The cautions, in the order of the cohort.
    """
    return [
        StudyCaution(unit.partition("/")[2], words)
        for study in experiment.cohort.studies
        for unit, description in _descriptions(experiment, study).items()
        if unit in done
        for words in _cautions(description)
    ]


def _descriptions(experiment: Experiment, study: Study) -> dict[str, Path]:
    """Give the file in which each unit that prepares an image of a study describes it."""
    files = prepared_files(experiment, study)
    low_doses = {prepared_scan(study, dose): description_of(files.low_dose(dose)) for dose in scans(experiment, study)}
    return {prepared(study): files.description, prepared_t2(study): description_of(files.t2), **low_doses}


def _cautions(path: Path) -> Iterator[str]:
    """Read the cautions in a description; none if it cannot be read."""
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    yield from (str(words) for words in description.get("cautions", ()))
