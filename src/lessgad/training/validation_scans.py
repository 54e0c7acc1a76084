# SPDX-License-Identifier: Apache-2.0
"""The low doses of validation patients that the limits of models, and baselines, are tuned on.

Where low doses are scanned and enough validation patients were scanned at a dose, these scans are: what is found on
them holds of scans. At every other dose they are simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.dose.low_doses import LowDoses
from lessgad.dose.simulation import SimulationSettings
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.training.tuning_scans import SimulatedScans, TuningScan


@dataclass(frozen=True, eq=False)
class ValidationScans:
    """Images of one study that baselines are tuned on.

    Attributes:
        study: The prepared study.
        low_doses: Source of the measured low doses.
        simulated: Simulated low doses at all other doses.
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
        """Give slices of the scan, scanned or simulated.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.
            numbers: Slice numbers, from 0.

        Returns:
            The slices.
        """
        if dose not in self.scanned:
            return self.simulated.at(dose, numbers)
        scan = self.low_doses.at(self.study, dose, numbers)
        return TuningScan(scan.image, scan.simulator, misaligned=True)


def find_tuning_scans(
    studies: Sequence[PreparedStudy],
    sources: Sequence[LowDoses],
    simulation: SimulationSettings,
    regions: Regions,
    *,
    least: int,
    extent: float = 0.0,
) -> list[ValidationScans]:
    """Collect the low doses on which intervals and baselines are tuned.

    Args:
        studies: Prepared validation studies.
        sources: Source of the low doses of each study.
        simulation: Settings of the low-dose simulation.
        regions: Label values of each region.
        least: Patients who must have been scanned at a dose for scans alone to count there.
        extent: Misalignment of simulated scans (`SimulatedScans`): one study this way, the
            next that way, a study that is alone in the middle.

    Returns:
        The scans of each validation study.
    """
    patients: dict[float, set[str]] = {}
    for one, source in zip(studies, sources, strict=True):
        for dose in source.measured or {}:
            patients.setdefault(dose, set()).add(one.patient)
    scanned = frozenset(dose for dose, seen in patients.items() if len(seen) >= least)
    found = []
    for index, (one, source) in enumerate(zip(studies, sources, strict=True)):
        deviate = 0.0 if len(studies) == 1 else (-1.0) ** index
        simulated = SimulatedScans(one, simulation, one.tumor(regions), extent, deviate)
        found.append(ValidationScans(one, source, simulated, scanned))
    return found
