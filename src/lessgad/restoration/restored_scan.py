# SPDX-License-Identifier: Apache-2.0
"""Result of restoring one scan."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.restoration.scan_discrepancy import ScanDiscrepancy
from lessgad.volume import Volume


@dataclass(frozen=True, eq=False)
class Restoration:
    """Result of restoring one scan.

    Attributes:
        image: The restored standard-dose image.
        half_width: The standard dose lies within image ± half_width in 90 % of voxels like those of validation, in
            the unit of the image, on its grid; None where the model was not calibrated for it.
        cautions: What training never saw, in plain words; reasons to doubt the image.
        discrepancy: How the image stands to the scan from which it was made; None where that was not asked for.
        of_scans: Whether low doses of validation were scanned at such a dose; else they were simulated, and of scanned
            ones half_width holds less (`intervals.OF_SCANNED_LOW_DOSES`).
    """

    image: Volume
    half_width: Volume | None
    cautions: tuple[str, ...]
    discrepancy: ScanDiscrepancy | None = None
    of_scans: bool = False
