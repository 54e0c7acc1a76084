# SPDX-License-Identifier: Apache-2.0
"""What a kernel field is told of the scans of a study besides their images."""

from __future__ import annotations

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.field.measured_enhancement import MISALIGNMENT_MM, ScanFacts
from lessgad.preparation.prepared_study import PreparedStudy


def scan_facts(study: PreparedStudy, simulator: LowDoseSimulator, *, scanned: bool = False) -> ScanFacts:
    """Collect slice spacing, noise of the T1, the dose curve and possible misalignment of a prepared study.

    Args:
        study: Prepared.
        simulator: What takes its standard dose to a lower one.
        scanned: Whether the low dose was scanned, in a position of its own.
    """
    x, y, z = study.spacing_mm
    distance_mm = MISALIGNMENT_MM if scanned else 0.0
    return ScanFacts((z, y, x), study.sigma_pre_contrast or 0.0, simulator.curve, misalignment_mm=distance_mm)
