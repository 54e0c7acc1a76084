# SPDX-License-Identifier: Apache-2.0
"""Where the low doses that are restored and judged come from: simulated from the pair, or scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lessgad.dose.simulation import SimulationSettings, simulated_low_dose, study_simulator
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.noise_correlation import correlation_from
from lessgad.preparation.prepared_study import PreparedStudy


@dataclass(frozen=True, eq=False)
class LowDose:
    """A low dose of one study, and what is known of it.

    Attributes:
        image: Image on [−1, 1], all slices or the requested ones.
        dose: Fraction of the standard dose.
        simulator: The forward model of the experiment, with the noise of this image; 0 where there is none or it is
            unknown.
        sigma: Noise for contrast-to-noise ratios, on the scale of [−1, 1]; None where it is unknown.
        measured: Whether it was scanned.
    """

    image: Float[np.ndarray, "x y n"]
    dose: float
    simulator: LowDoseSimulator
    sigma: float | None
    measured: bool

    @property
    def can_check(self) -> bool:
        """Whether a restored image can be compared with it: real enhancement does not follow the linear mix."""
        return self.dose > 0 and not (self.measured and self.simulator.curve is None)


@dataclass(frozen=True)
class LowDoses:
    """The low doses of one study.

    Attributes:
        simulation: How the low doses were simulated, or what is known of their acquisition.
        measured: Prepared scans by dose; None where all doses are simulated. Dose 0 always is: the T1 with fresh noise.
    """

    simulation: SimulationSettings
    measured: Mapping[float, Path] | None = None

    def at(self, study: PreparedStudy, dose: float, numbers: Sequence[int] | None = None) -> LowDose:
        """Load or simulate the low dose of a prepared study, in transverse order.

        Args:
            study: The prepared study.
            dose: Fraction of the standard dose; one that the study was scanned at, where doses are measured.
            numbers: Slice numbers, from 0; None for all.

        Returns:
            The low-dose image on [−1, 1] and its origin.

        Raises:
            VolumeError: A prepared scan is missing or damaged.
            StudyError: Its noise is to be matched and is not known.
        """
        simulator = study_simulator(study, self.simulation)
        if self.measured is None or dose == 0:
            image = simulated_low_dose(study, dose, self.simulation, numbers)
            return LowDose(image, dose, simulator, simulator.sigma or study.sigma, measured=False)
        image, description = read_auxiliary_image(self.measured[dose])
        noise = description.get("noise")
        sigma = None if noise is None else float(noise["sigma"])
        some = np.asarray(image if numbers is None else image[:, :, list(numbers)], np.float32)
        correlation = correlation_from(None if noise is None else noise.get("correlation"))
        known = replace(simulator, sigma=sigma or 0.0, correlation=correlation)
        return LowDose(some, dose, known, sigma, measured=True)
