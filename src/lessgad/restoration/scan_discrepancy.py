# SPDX-License-Identifier: Apache-2.0
"""A restored new scan compared with the scan from which it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.errors import DoseError, ModelError, SettingsError
from lessgad.restoration.discrepancy import LEAST_ERROR, Discrepancy, find_discrepancy
from lessgad.restoration.new_scan import NewScan
from lessgad.volume import Volume

#: How a low dose was made: on a scanner, or by the simulation that the model was trained with.
Origin = Literal["scanned", "simulated"]
DIFFERS_ALL_OVER = 5.0  # of the spread by noise


@dataclass(frozen=True, eq=False)
class ScanDiscrepancy:
    """Comparison of a restored image with the scan.

    Attributes:
        error: Where the scan contradicts the image: by how much it shows too much (positive) or too little (negative),
            in the unit of the image, on its grid; 0 elsewhere.
        unsupported_ml: Volume that shows more than was measured.
        overlooked_ml: Volume that shows less.
        detectable: Diameter of an error in mm → the smallest one that is found half of the time, over the signal of
            tissue in the T1.
        inflation: Spread of the difference between image and scan over that of its known noise, at least 1. Where it is
            large they differ all over the head, and nothing local can stand out.
    """

    error: Volume
    unsupported_ml: float
    overlooked_ml: float
    detectable: dict[float, float]
    inflation: float

    @property
    def words(self) -> str:
        """For people, in one line."""
        if self.inflation > DIFFERS_ALL_OVER:
            return (
                f"image and scan differ all over the head, {self.inflation:.0f} times as much as noise explains: trust "
                "neither the image nor an empty map"
            )
        least = ", ".join(f"{share:.0%} of tissue signal at {mm:g} mm" for mm, share in sorted(self.detectable.items()))
        return (
            f"{self.unsupported_ml:.2f} ml are brighter than measured, {self.overlooked_ml:.2f} ml darker; "
            f"smallest error detected half of the time: {least}".replace("%", " %")
        )


def check_comparable(pre_contrast: Volume | None, spacing_mm: tuple[float, float] | None) -> None:
    """See that a restored image can be compared with the scan, before anything is computed.

    Args:
        pre_contrast: T1 of the same examination; None without one.
        spacing_mm: In-plane spacing of the result, in mm; None takes that of the scan.

    Raises:
        ModelError: There is no T1.
        SettingsError: The image is wanted at another spacing than that of the scan.
    """
    if pre_contrast is None:
        raise ModelError("The check against the scan needs the pre-contrast scan", remedy="Give it with --pre-contrast")
    if spacing_mm is not None:
        raise SettingsError("The check against the scan needs the spacing of the scan", remedy="Leave --spacing out")


def forward_model(
    dose: float, simulation: SimulationSettings, acquisition: Acquisition | None, origin: Origin
) -> LowDoseSimulator:
    """Find the forward model that takes a restored image back to its dose.

    A real scan needs the signal equation of its sequence: compared with true low doses of the phantom, the linear mix
    calls 18 to 28 ml of true standard doses overlooked, the equation 0.13 ml.

    Args:
        dose: Fraction of the standard dose.
        simulation: Settings of the simulation with which the model was trained.
        acquisition: Acquisition parameters of the scan, from its sidecar; None where there is none.
        origin: How the scan was made.

    Returns:
        The forward model.

    Raises:
        DoseError: The dose is 0, where nothing was measured.
        ModelError: A real scan without an equation.
    """
    if dose == 0:
        raise DoseError("A restored image can be checked only against a dose above 0")
    curve = dose_curve(acquisition or Acquisition(), simulation)
    if isinstance(curve, str) and origin == "scanned":
        linear = simulation.model == "linear"
        came = "the model was trained with the linear mix" if linear else curve
        raise ModelError(
            f"No signal equation can be used for this scan: {came}",
            remedy="Leave --consistency out" if linear else "Give the scan a JSON sidecar, or leave --consistency out",
        )
    return LowDoseSimulator(None if isinstance(curve, str) else curve)


def discrepancy_of_scan(
    new: NewScan,
    restored: Float[np.ndarray, "x y z"],
    dose: float,
    curve: LowDoseSimulator,
    tissue_level: float,
) -> Discrepancy:
    """Check a restored image against the scan, with the noise of both scans as acquired.

    Args:
        new: The scan and its T1.
        restored: Restored image on [−1, 1], on the grid of the scan.
        dose: Fraction of the standard dose, above 0.
        curve: Result of `forward_model`.
        tissue_level: Second peak of the T1 over true zero, on the scale of [−1, 1].

    Returns:
        The significant clusters, and a map of the error.

    Raises:
        StudyError: The study has no voxels that can be judged.
    """
    sigma, sigma_pre_contrast = new.noise()
    return find_discrepancy(
        new.images["pre_contrast"],
        new.images["low_dose"],
        restored,
        dose=dose,
        simulator=LowDoseSimulator(curve.curve, sigma, new.noise_correlation()),
        head=new.head,
        spacing_mm=new.scan.spacing_mm,
        sigma_pre_contrast=sigma_pre_contrast,
        least_error=LEAST_ERROR * tissue_level,
    )
