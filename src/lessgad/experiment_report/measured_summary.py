# SPDX-License-Identifier: Apache-2.0
"""The report's words for measured low doses: how many there are, and where nothing can be compared with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from lessgad.dose.simulation_record import SimulationRecord
from lessgad.dose_fraction import percent
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import usable_of
from lessgad.experiment.scanned import MIN_SCANNED, enough_patients, scan_units
from lessgad.experiment.usable_doses import usable_doses
from lessgad.report.content import Fact

TUNED = "baselines and intervals"


def measured_facts(
    experiment: Experiment, records: Sequence[SimulationRecord], usable: Collection[str]
) -> tuple[Fact, ...]:
    """Describe the measured low doses.

    Args:
        experiment: The opened experiment.
        records: Simulation record of each study.
        usable: Units that can be used.

    Returns:
        The facts; empty if low doses are simulated.
    """
    settings = experiment.settings
    if settings.low_dose == "simulated":
        return ()
    judged = experiment.studies(settings.subsets)
    found = [dose for study in judged for dose in usable_doses(experiment, study, usable) if dose > 0]
    counts = [f"{percent(dose)} in {found.count(dose)} of {len(judged)}" for dose in settings.doses if dose > 0]
    words = f"scanned at a lower dose; studies with such a scan: {', '.join(counts)}"
    names = {(study.patient, study.session) for study in judged}
    reasons = Counter(
        record.reason for record in records if record.model == "linear" and (record.patient, record.session) in names
    )
    n_linear = sum(reasons.values())
    facts = [
        Fact("Evaluated low doses", f"{words}. Models were trained on simulated low doses"),
        Fact("Tuning", _tuned_on(experiment, usable)),
    ]
    if reasons:
        counted = "; ".join(f"{reason} ({n_such})" for reason, n_such in reasons.most_common())
        why = counted if len(reasons) > 1 else next(iter(reasons))
        facts.append(
            Fact(
                "Not checked against the measurement",
                f"{n_linear} of {len(judged)} studies: real enhancement does not follow the linear "
                f"mix, which would be their forward model ({why})",
            )
        )
    return tuple(facts)


def _tuned_on(experiment: Experiment, usable: Collection[str]) -> str:
    """Name the patients on which baselines and intervals were tuned."""
    validation = usable_of(experiment, experiment.studies(["validation"]), usable)
    if not validation:
        whose = "test" if experiment.settings.training.models == "pretrained" else "training"
        return f"simulated low doses of {whose} patients: baselines. There are no validation patients"
    scans = {
        unit: (dose, one.study.patient)
        for one in validation
        for unit, dose in scan_units(experiment, one.study).items()
    }
    scanned = sorted({scans[unit][0] for unit in enough_patients(usable, scans)})
    if not scanned:
        few = f"fewer than {MIN_SCANNED} validation patients were scanned at any of the doses"
        return f"simulated low doses of validation patients: {TUNED} ({few})"
    doses = ", ".join(percent(dose) for dose in scanned)
    return f"real scans of validation patients at {doses}, simulated low doses at other doses: {TUNED}"
