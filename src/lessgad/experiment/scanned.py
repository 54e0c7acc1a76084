# SPDX-License-Identifier: Apache-2.0
"""Which doses a study is evaluated at: all of the experiment, or those that it was scanned at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from lessgad.cohort.study import Study
from lessgad.dose.low_doses import LowDoses
from lessgad.dose_fraction import dose_label, percent
from lessgad.errors import SettingsError
from lessgad.experiment.opened import Experiment
from lessgad.experiment.study_files import prepared_files
from lessgad.experiment.unit_names import prepared_scan

MIN_SCANNED = 3  # patients: fewer say nothing of the next one


def scans(experiment: Experiment, study: Study) -> dict[float, tuple[Path, ...]]:
    """Find the scans of a study at each dose of the experiment.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.

    Returns:
        Files by dose; empty if low doses are simulated.
    """
    if experiment.settings.low_dose == "simulated":
        return {}
    return {
        dose: study.low_doses[dose_label(dose)]
        for dose in experiment.settings.doses
        if dose > 0 and dose_label(dose) in study.low_doses
    }


def planned_doses(experiment: Experiment, study: Study) -> tuple[float, ...]:
    """List the doses at which a study is to be restored and evaluated; dose 0 is always simulated.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.

    Returns:
        The doses, 0–1.
    """
    settings = experiment.settings
    if settings.low_dose == "simulated":
        return settings.doses
    there = scans(experiment, study)
    return tuple(dose for dose in settings.doses if dose == 0 or dose in there)


def low_doses_at(experiment: Experiment, study: Study, dose: float) -> LowDoses:
    """Find the source of the image of a study at one dose.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The source.
    """
    simulation = experiment.settings.simulation
    if experiment.settings.low_dose == "simulated":
        return LowDoses(simulation)
    return LowDoses(simulation, {dose: prepared_files(experiment, study).low_dose(dose)} if dose > 0 else {})


def scan_units(experiment: Experiment, study: Study) -> dict[str, float]:
    """Name the units that prepare the low-dose scans of a study.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.

    Returns:
        Dose of each unit.
    """
    return {prepared_scan(study, dose): dose for dose in scans(experiment, study)}


def enough_patients(
    usable: Iterable[str], whose: Mapping[str, tuple[float, str]], least: int = MIN_SCANNED
) -> frozenset[str]:
    """Keep the scans at doses for which enough patients were scanned.

    Args:
        usable: Units of all kinds of preparation.
        whose: Dose and patient of each that prepares a scan.
        least: Patients.

    Returns:
        Keys of the units that are kept.
    """
    here = {unit: whose[unit] for unit in usable if unit in whose}
    patients: dict[float, set[str]] = {}
    for dose, patient in here.values():
        patients.setdefault(dose, set()).add(patient)
    return frozenset(unit for unit, (dose, _) in here.items() if len(patients[dose]) >= least)


def check_scans(experiment: Experiment) -> None:
    """Raise SettingsError where low doses are to be measured, and no study that is evaluated has one."""
    settings = experiment.settings
    judged = experiment.studies(settings.subsets)
    if settings.low_dose == "simulated" or not judged or any(scans(experiment, study) for study in judged):
        return
    raise SettingsError(
        "The cohort has no scan at "
        f"{', '.join(percent(dose) for dose in settings.doses if dose > 0) or 'a dose above 0 %'}, "
        "named as …_acq-dose10_ce-gadolinium_T1w.nii.gz for 10 %",
        path=experiment.folder.settings,
        remedy="Set doses to those that were scanned, or low_dose: simulated",
    )
