# SPDX-License-Identifier: Apache-2.0
"""Facts of the scans of a study that a kernel field gets besides their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.errors import ModelError
from lessgad.field.measured_enhancement import MISALIGNMENT_MM, ScanFacts
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.new_scan import NewScan
from lessgad.restoration.scan_discrepancy import Origin, forward_model

if TYPE_CHECKING:
    from lessgad.field.checkpoint import ModelDescription


def scan_facts(study: PreparedStudy, simulator: LowDoseSimulator, *, scanned: bool = False) -> ScanFacts:
    """Collect slice spacing, noise of both scans, the dose curve and possible misalignment of a prepared study.

    Args:
        study: The prepared study.
        simulator: What takes its standard dose to a lower one, with the noise of the low dose.
        scanned: Whether the low dose was scanned, in a position of its own.

    Returns:
        The facts of the scan.
    """
    x, y, z = study.spacing_mm
    distance_mm = MISALIGNMENT_MM if scanned else 0.0
    return ScanFacts(
        (z, y, x),
        study.sigma_pre_contrast or 0.0,
        simulator.curve,
        misalignment_mm=distance_mm,
        sigma_low_dose=simulator.sigma,
    )


def facts_of_scan(
    new: NewScan, dose: float, description: ModelDescription, acquisition: Acquisition | None, origin: Origin
) -> tuple[ScanFacts | None, tuple[str, ...]]:
    """Collect the facts of a new scan for a kernel field.

    Args:
        new: The normalized scan.
        dose: Dose as a fraction of the standard dose, 0–1.
        description: Description of the model.
        acquisition: Acquisition parameters of the scan; None where they are unknown.
        origin: Whether the scan was scanned or simulated.

    Returns:
        The facts (None for other fields), and a caution if the sequence is unknown.
    """
    if description.field.preset != "kernel":
        return None, ()
    x, y, z = new.scan.spacing_mm
    curve, assumed = None, tuple[str, ...]()
    if dose > 0:
        try:
            curve = forward_model(dose, description.simulation, acquisition, origin).curve
        except ModelError as missing:
            assumed = (f"enhancement is assumed to be proportional to the dose. {missing.problem}",)
    distance_mm = MISALIGNMENT_MM if origin == "scanned" else 0.0
    of_low_dose, of_t1 = new.noise()
    facts = ScanFacts((z, y, x), of_t1, curve, misalignment_mm=distance_mm, sigma_low_dose=of_low_dose)
    return facts, assumed
