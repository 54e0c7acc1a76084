# SPDX-License-Identifier: Apache-2.0
"""results/intervals.csv: one row per study, dose and area; how well the intervals of the restored image hold."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import DoseRow
from lessgad.evaluation.results.table import ResultTable
from lessgad.evaluation.similarity import Area


@dataclass(frozen=True)
class IntervalRow(DoseRow):
    """How the standard dose of a study lies in the intervals of its restored image, over one area.

    The mean enhancement of the area is given with the mean half-width of its voxels. That is its interval if the errors
    of all voxels went together, and a wide one otherwise.

    Attributes:
        area: ``tumor_box``, ``tumor`` or ``head``.
        coverage: Share of its voxels whose standard dose lies within the interval; the nominal coverage is 0.9.
        half_width: Mean over voxels, on the scale of [−1, 1].
        enhancement: Mean of restored − T1 on that scale.
        standard_enhancement: Mean of T1ce − T1.
    """

    area: Area
    coverage: float
    half_width: float
    enhancement: float
    standard_enhancement: float


_TABLE = ResultTable(IntervalRow, "a table of intervals", ("patient", "session", "dose", "area"))
COLUMNS = _TABLE.columns
write_intervals_table = _TABLE.write
read_intervals_table = _TABLE.read
