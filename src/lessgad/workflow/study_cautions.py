# SPDX-License-Identifier: Apache-2.0
"""What was found doubtful in studies that were prepared all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from lessgad.workflow.companions import plan_companions
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import plan_preparation
from lessgad.workflow.unit import Unit, unit_state


@dataclass(frozen=True)
class StudyCaution:
    """A reason to look at a study before believing its results.

    Attributes:
        study: Its name.
        words: One line.
    """

    study: str
    words: str


def study_cautions(experiment: Experiment) -> list[StudyCaution]:
    """List the cautions of all prepared studies, and of their further images, in the order of the cohort."""
    units = [*plan_preparation(experiment), *plan_companions(experiment)]
    done = (unit for unit in units if unit_state(experiment.folder, unit) == "done")
    return [StudyCaution(unit.name, words) for unit in done for words in _cautions(unit)]


def _cautions(unit: Unit) -> Iterator[str]:
    """Those in the description that a unit wrote; none where that cannot be read."""
    for path in unit.outputs:
        if path.suffix == ".json":
            try:
                description = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            yield from (str(words) for words in description.get("cautions", ()))
