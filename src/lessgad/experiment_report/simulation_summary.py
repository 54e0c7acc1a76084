# SPDX-License-Identifier: Apache-2.0
"""What was simulated in which study: ``results/simulation.csv``, and the report's words for it."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from statistics import median

from lessgad.atomic_write import replacing
from lessgad.dose.simulation import SimulationSettings
from lessgad.dose.simulation_record import SimulationRecord, simulation_record
from lessgad.experiment.calibration_loss import lost_to_calibration
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import usable_of
from lessgad.report.content import Fact


def record_simulation(experiment: Experiment, usable: Collection[str]) -> list[SimulationRecord]:
    """Record the simulation of every prepared study, and write the table.

    Args:
        experiment: The opened experiment.
        usable: Keys of the units whose results can be used.

    Returns:
        The records.
    """
    records = []
    for one in usable_of(experiment, experiment.cohort.studies, usable):
        prepared = one.read()
        tumor = prepared.tumor(experiment.settings.cohort.regions)
        subset = experiment.subsets[one.study.patient]
        record = simulation_record(prepared, tumor, subset, experiment.settings.simulation)
        records.append(replace(record, lost_to_calibration=lost_to_calibration(one.files.description)))
    write_simulation(experiment.folder.simulation, records)
    return records


def write_simulation(path: Path, records: Sequence[SimulationRecord]) -> None:
    """Write one row per study as CSV.

    Args:
        path: The file to write.
        records: Simulation record of each study.
    """
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(SimulationRecord)], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(record) for record in records)


def simulation_facts(records: Sequence[SimulationRecord], settings: SimulationSettings) -> list[Fact]:
    """Describe how the low doses were made, and which settings could not be applied.

    Args:
        records: Simulation record of each study.
        settings: Settings of the simulation.

    Returns:
        The facts.
    """
    facts = [Fact("Low doses", _model_words(records, settings)), Fact("Their noise", _noise_words(records, settings))]
    lost = sorted(record.lost_to_calibration for record in records if not math.isnan(record.lost_to_calibration))
    if lost:
        words = (
            f"an estimated {100 * median(lost):.1f} % of the tumor's enhancement (median of {len(lost)} studies; "
            f"{100 * lost[0]:.1f} to {100 * lost[-1]:.1f} %; by study in results/simulation.csv)"
        )
        facts.append(Fact("Lost to calibration", words))
    return facts


def _model_words(records: Sequence[SimulationRecord], settings: SimulationSettings) -> str:
    if settings.model == "linear":
        return "simulated by the linear mix of the pair, as in the paper"
    modeled = [record for record in records if record.model == "signal_equation"]
    reasons = Counter(record.reason for record in records if record.model == "linear")
    found = [f"by the signal equation of the sequence in {len(modeled)}"] if modeled else []
    found += [f"by the linear mix in {n} ({reason})" for reason, n in reasons.most_common()]
    words = f"simulated in {len(records)} studies: {'; '.join(found)}" if found else "simulated"
    beyond = [record.beyond_head for record in modeled]
    if beyond:
        mean, most = _per_cent(sum(beyond) / len(beyond)), _per_cent(max(beyond))
        words += f"; of the head's voxels {mean} (at most {most} in a study)"
        words += " enhance more than a plausible concentration can explain"
    return words


def _noise_words(records: Sequence[SimulationRecord], settings: SimulationSettings) -> str:
    if not settings.adds_noise:
        return "none, as in the paper; the mix even averages noise away"
    ratios = sorted(record.snr for record in records if math.isfinite(record.snr))
    if not ratios:
        return settings.noise_words
    middle = ratios[len(ratios) // 2]
    kind = "as strong as that of each T1ce" if settings.noise == "matched" else settings.noise_words
    return f"fresh, {kind}: SNR of tissue {middle:.0f} (median; {ratios[0]:.0f} to {ratios[-1]:.0f})"


def _per_cent(share: float) -> str:
    return f"{100 * share:.2g} %" if share else "0 %"
