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


def simulation_facts(
    records: Sequence[SimulationRecord], settings: SimulationSettings, *, evaluated: bool = True
) -> list[Fact]:
    """Describe how the low doses were made, and which settings could not be applied.

    Args:
        records: Simulation record of each study.
        settings: Settings of the simulation.
        evaluated: Whether simulated low doses are evaluated; otherwise measured ones are.

    Returns:
        The facts.
    """
    which = "Low doses" if evaluated else "Simulated low doses"
    facts = [
        Fact(which, _model_words(records, settings)),
        Fact(f"Noise of the {which[0].lower()}{which[1:]}", _noise_words(records, settings)),
    ]
    lost = sorted(record.lost_to_calibration for record in records if not math.isnan(record.lost_to_calibration))
    if lost:
        middle, least, most = (f"{100 * share:.1f} %".replace("-", "−") for share in (median(lost), lost[0], lost[-1]))
        words = (
            f"an estimated {middle} of the tumor's enhancement (median of {len(lost)} studies; range {least} to "
            f"{most}). Negative: added. Each study is in results/simulation.csv"
        )
        facts.append(Fact("Enhancement lost to calibration", words))
    return facts


def _model_words(records: Sequence[SimulationRecord], settings: SimulationSettings) -> str:
    if settings.model == "linear":
        return "simulated as a linear mix of T1 and T1ce, as in the paper"
    modeled = [record for record in records if record.model == "signal_equation"]
    reasons = Counter(record.reason for record in records if record.model == "linear")
    found = [f"with the signal equation of the sequence in {len(modeled)}"] if modeled else []
    found += [f"as a linear mix in {n} ({reason})" for reason, n in reasons.most_common()]
    words = f"simulated in {len(records)} studies: {', '.join(found)}" if found else "simulated"
    if len(modeled) == len(records) > 0:
        words = f"simulated in {len(records)} studies with the signal equation of the sequence"
    elif not modeled and len(reasons) == 1:
        words = f"simulated in {len(records)} studies as a linear mix of T1 and T1ce ({next(iter(reasons))})"
    beyond = [record.beyond_head for record in modeled]
    if beyond:
        mean, most = _per_cent(sum(beyond) / len(beyond)), _per_cent(max(beyond))
        words += f". {mean} of the head's voxels (at most {most} in one study) enhance more than a plausible"
        words += " concentration can explain"
    return words


def _noise_words(records: Sequence[SimulationRecord], settings: SimulationSettings) -> str:
    if not settings.adds_noise:
        return "none added, as in the paper; the mix averages away part of the noise of both scans"
    ratios = sorted(record.snr for record in records if math.isfinite(record.snr))
    if not ratios:
        return settings.noise_words
    middle = ratios[len(ratios) // 2]
    kind = "independent, same SNR as each T1ce" if settings.noise == "matched" else settings.noise_words
    return (
        f"{kind}: median SNR of tissue {middle:.0f} (range {ratios[0]:.0f}–{ratios[-1]:.0f}; n = {len(ratios)} studies)"
    )


def _per_cent(share: float) -> str:
    return f"{100 * share:.2g} %" if share else "0 %"
