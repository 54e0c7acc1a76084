# SPDX-License-Identifier: Apache-2.0
"""The low doses of validation patients that the limits of models, and baselines, are tuned on.

Where low doses are really scanned and enough validation patients were scanned at a dose, these scans are: what is found
on them holds of scans. At every other dose they are simulated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lessgad.cohort.study import Study
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.training.tuning_scans import SimulatedScans, TuningScan
from lessgad.workflow.companions import read_study
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.low_doses import LowDoses, low_doses, usable_low_dose_units

MIN_SCANNED = 3  # patients: fewer say nothing of the next one


@dataclass(frozen=True, eq=False)
class ScansOfStudy:
    """What one study is tuned on.

    Attributes:
        study: Prepared.
        low_doses: Where its measured ones lie.
        simulated: Those at all other doses.
        scanned: Doses at which scans alone count.
    """

    study: PreparedStudy
    low_doses: LowDoses
    simulated: SimulatedScans
    scanned: frozenset[float]

    def has(self, dose: float) -> bool:
        """Whether the study counts at a dose: not where others were scanned and it was not."""
        return dose not in self.scanned or dose in (self.low_doses.measured or {})

    def at(self, dose: float, numbers: Sequence[int]) -> TuningScan:
        """Give slices of it, scanned or simulated."""
        if dose not in self.scanned:
            return self.simulated.at(dose, numbers)
        scan = self.low_doses.at(self.study, dose, numbers)
        return TuningScan(scan.image, scan.simulator, own_position=True)


def tuning_scans(experiment: Experiment, studies: Sequence[Study], extent: float = 0.0) -> list[ScansOfStudy]:
    """Give the low doses that studies are tuned on.

    Args:
        experiment: Whose.
        studies: Validation studies.
        extent: By how much simulated ones lie otherwise than the T1ce (`SimulatedScans`): one study this way, the
            next that way, a study that is alone in the middle.

    Raises:
        VolumeError: A prepared file is missing or damaged.
    """
    settings = experiment.settings
    prepared = [read_study(experiment, study) for study in studies]
    sources = [low_doses(experiment, study) for study in studies]
    scanned = frozenset(_scanned_by_enough(studies, [source.measured or () for source in sources]))
    found = []
    for index, (one, source) in enumerate(zip(prepared, sources, strict=True)):
        deviate = 0.0 if len(prepared) == 1 else (-1.0) ** index
        tumor = one.tumor(settings.cohort.regions)
        simulated = SimulatedScans(one, settings.simulation, tumor, extent, deviate)
        found.append(ScansOfStudy(one, source, simulated, scanned))
    return found


def scanned_doses(experiment: Experiment, studies: Sequence[Study]) -> tuple[float, ...]:
    """Doses that enough patients of some studies were really scanned at, rising; none where doses are simulated."""
    return _scanned_by_enough(studies, [usable_low_dose_units(experiment, study) for study in studies])


def scans_marks(experiment: Experiment, studies: Sequence[Study]) -> dict[str, object]:
    """What a fingerprint says of the scans that are tuned on; nothing where all are simulated."""
    units = {study.name: usable_low_dose_units(experiment, study) for study in studies}
    doses = _scanned_by_enough(studies, list(units.values()))
    if not doses:
        return {}
    return {
        "scanned": {
            name: {str(dose): unit.fingerprint for dose, unit in of_study.items() if dose in doses}
            for name, of_study in units.items()
        }
    }


def _scanned_by_enough(studies: Sequence[Study], scanned: Sequence[Collection[float]]) -> tuple[float, ...]:
    """Doses, of those that each study was scanned at, with enough patients."""
    patients = defaultdict(set)
    for study, doses in zip(studies, scanned, strict=True):
        for dose in doses:
            patients[dose].add(study.patient)
    return tuple(sorted(dose for dose, seen in patients.items() if len(seen) >= MIN_SCANNED))
