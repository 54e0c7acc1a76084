# SPDX-License-Identifier: Apache-2.0
"""results/tumor_size.csv: diameter and Kanzaki class of what was segmented, one row per study, dose and image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lessgad.evaluation.result_rows import ResultTable


@dataclass(frozen=True)
class TumorSizeRow:
    """How large a tumor is in the reference and in a segmentation.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: Which part of the split the patient is in.
        dose: Fraction of the standard dose; 1 of the standard-dose image.
        image: ``standard``, ``low``, ``restored``, or the name of another method.
        measured: ``extrameatal``, or ``tumor`` where the cohort has no such region.
        diameter_mm: Largest transverse diameter of that region as segmented; 0 where nothing was found.
        reference_diameter_mm: The same of the reference.
        kanzaki: Class of the segmentation; ``undefined`` where the cohort has no intrameatal and extrameatal parts.
        reference_kanzaki: Class of the reference.
    """

    patient: str
    session: str
    subset: str
    dose: float
    image: str
    measured: Literal["extrameatal", "tumor"]
    diameter_mm: float
    reference_diameter_mm: float
    kanzaki: str
    reference_kanzaki: str


_TABLE = ResultTable(TumorSizeRow, "a table of tumor sizes", ("patient", "session", "dose", "image"))
COLUMNS = _TABLE.columns
write_tumor_size = _TABLE.write
read_tumor_size = _TABLE.read
