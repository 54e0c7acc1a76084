# SPDX-License-Identifier: Apache-2.0
"""results/false_against_missed.csv: one row per study, dose, method and threshold."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import MethodRow
from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class OperatingRow(MethodRow):
    """False and missed enhancement of one method, scaled to recovery 1, at one threshold; NaN where undefined.

    Attributes:
        relative_threshold: Threshold of the method, as a multiple of the study's.
        false_ml: Volume that enhances only in this image.
        missed_ml: Volume of tumor that enhances only at the standard dose.
    """

    relative_threshold: float
    false_ml: float
    missed_ml: float


_KEY = ("patient", "session", "dose", "method", "relative_threshold")
_TABLE = ResultTable(OperatingRow, "a table of false and missed enhancement", _KEY)
COLUMNS = _TABLE.columns
write_operating_points = _TABLE.write
read_operating_points = _TABLE.read
