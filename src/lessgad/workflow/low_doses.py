# SPDX-License-Identifier: Apache-2.0
"""Where the low doses that are restored and judged come from: simulated from the pair, or really scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lessgad.cohort.study import Study
from lessgad.dose.simulation import SimulationSettings, simulated_low_dose, study_simulator
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.dose_fraction import percent
from lessgad.errors import SettingsError
from lessgad.preparation.prepared_companion import read_companion
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.workflow.companions import low_dose_units
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.unit import Unit, unit_state


@dataclass(frozen=True, eq=False)
class LowDose:
    """A low dose of one study, and what is known of it.

    Attributes:
        image: On [−1, 1], all slices or those that were asked for.
        dose: Fraction of the standard dose.
        simulator: The forward model of the experiment, with the noise of this image; 0 where there is none or it is
            unknown.
        sigma: Noise for contrast-to-noise ratios, on the scale of [−1, 1]; None where it is unknown.
        measured: Whether it was really scanned.
    """

    image: Float[np.ndarray, "x y n"]
    dose: float
    simulator: LowDoseSimulator
    sigma: float | None
    measured: bool

    @property
    def can_check(self) -> bool:
        """Whether a restored image can be held against it: real enhancement does not follow the linear mix."""
        return self.dose > 0 and not (self.measured and self.simulator.curve is None)


@dataclass(frozen=True)
class LowDoses:
    """The low doses of one study.

    Attributes:
        simulation: How they are made, or what is known of how they came about.
        measured: Prepared scans by dose; None where all doses are simulated. Dose 0 always is: the T1 with fresh noise.
    """

    simulation: SimulationSettings
    measured: Mapping[float, Path] | None = None

    def at(self, study: PreparedStudy, dose: float, numbers: Sequence[int] | None = None) -> LowDose:
        """Give the low dose of a prepared study, in transverse order.

        Args:
            study: Whose they are.
            dose: Fraction of the standard dose; one that the study was scanned at, where doses are measured.
            numbers: Which slices; None for all.

        Raises:
            VolumeError: A prepared scan is missing or damaged.
            StudyError: Its noise shall be matched and is not known.
        """
        simulator = study_simulator(study, self.simulation)
        if self.measured is None or dose == 0:
            image = simulated_low_dose(study, dose, self.simulation, numbers)
            return LowDose(image, dose, simulator, simulator.sigma or study.sigma, measured=False)
        image, description = read_companion(self.measured[dose])
        noise = description.get("noise")
        sigma = None if noise is None else float(noise["sigma"])
        some = np.asarray(image if numbers is None else image[:, :, list(numbers)], np.float32)
        return LowDose(some, dose, replace(simulator, sigma=sigma or 0.0), sigma, measured=True)


def low_doses(experiment: Experiment, study: Study) -> LowDoses:
    """Say where the low doses of a study come from."""
    simulation = experiment.settings.simulation
    if experiment.settings.low_dose == "simulated":
        return LowDoses(simulation)
    usable = usable_low_dose_units(experiment, study)
    return LowDoses(simulation, {dose: unit.outputs[0] for dose, unit in usable.items()})


def usable_low_dose_units(experiment: Experiment, study: Study) -> dict[float, Unit]:
    """Give the unit that prepares each scan of a study at a lower dose, without those that failed."""
    units = low_dose_units(experiment, study)
    return {dose: unit for dose, unit in units.items() if unit_state(experiment.folder, unit) != "failed"}


def judged_doses(experiment: Experiment, study: Study) -> tuple[float, ...]:
    """Doses of the experiment that the study has an image at."""
    measured = low_doses(experiment, study).measured
    doses = experiment.settings.doses
    return doses if measured is None else tuple(dose for dose in doses if dose == 0 or dose in measured)


def measured_marks(experiment: Experiment, study: Study) -> dict[str, object]:
    """What a fingerprint says of the measured low doses of a study; nothing where they are simulated."""
    if experiment.settings.low_dose == "simulated":
        return {}
    doses = judged_doses(experiment, study)
    units = low_dose_units(experiment, study)
    return {"measured": {str(dose): units[dose].fingerprint if dose > 0 else "" for dose in doses}}


def doses_without_scan(experiment: Experiment) -> list[str]:
    """Say in a line for each dose which studies have no measured scan that can be used; none where they are simulated.

    Raises:
        SettingsError: Low doses shall be measured, and no study that is judged has one at any dose of the experiment.
    """
    settings = experiment.settings
    if settings.low_dose == "simulated":
        return []
    judged = experiment.studies(settings.subsets)
    if judged and not any(low_dose_units(experiment, study) for study in judged):
        raise SettingsError(
            "scans at a lower dose in the cohort, …_acq-dose10_ce-gadolinium_T1w.nii.gz for 10 %",
            f"none at {', '.join(percent(dose) for dose in settings.doses if dose > 0) or 'a dose above 0 %'}",
            experiment.folder.settings,
            "Set doses to those that were scanned, or low_dose: simulated",
        )
    lines = []
    for dose in settings.doses:
        without = [study.name for study in judged if dose not in judged_doses(experiment, study)]
        if without:
            lines.append(
                f"no measured scan at {percent(dose)} of the dose in {len(without)} of {len(judged)} studies, which "
                f"are not judged there: {', '.join(without)}"
            )
    return lines
