# SPDX-License-Identifier: Apache-2.0
"""results/tumor_size.csv: diameter and Kanzaki class of the segmented tumor, one row per study, dose and image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lessgad.evaluation.results.rows import ImageRow
from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class TumorSizeRow(ImageRow):
    """How large a tumor is in the reference and in a segmentation.

    Attributes:
        measured: ``extrameatal``, or ``tumor`` where the cohort has no such region.
        diameter_mm: Largest transverse diameter of that region as segmented; 0 where nothing was found.
        reference_diameter_mm: Largest diameter in the reference mask.
        kanzaki: Class of the segmentation; ``undefined`` where the cohort has no intrameatal and extrameatal parts.
        reference_kanzaki: Class of the reference.
    """

    measured: Literal["extrameatal", "tumor"]
    diameter_mm: float
    reference_diameter_mm: float
    kanzaki: str
    reference_kanzaki: str


_TABLE = ResultTable(TumorSizeRow, "a table of tumor sizes", ("patient", "session", "dose", "image"))
COLUMNS = _TABLE.columns
write_tumor_size = _TABLE.write
read_tumor_size = _TABLE.read
