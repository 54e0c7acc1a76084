# SPDX-License-Identifier: Apache-2.0
"""results/lesions.csv: one row per lesion of a study, dose and method."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import MethodRow
from lessgad.evaluation.results.table import ResultTable
from lessgad.evaluation.tumor_size import SizeGroup


@dataclass(frozen=True)
class LesionRow(MethodRow):
    """One lesion in one method's image at one dose; NaN where undefined.

    Attributes:
        lesion: Number of the lesion in the study, from 1, largest first.
        diameter_mm: Diameter of a sphere of the same volume, in mm.
        size_group: Class by that diameter.
        volume_ml: Volume in ml.
        enhancing_ml: Volume of it that enhances at the standard dose.
        recovery: Share of its standard-dose enhancement that the image shows.
        missed_ml: Volume of it that enhances only at the standard dose.
    """

    lesion: int
    diameter_mm: float
    size_group: SizeGroup
    volume_ml: float
    enhancing_ml: float
    recovery: float
    missed_ml: float


_TABLE = ResultTable(LesionRow, "a table of lesions", ("patient", "session", "dose", "method", "lesion"))
COLUMNS = _TABLE.columns
write_lesions = _TABLE.write
read_lesions = _TABLE.read
