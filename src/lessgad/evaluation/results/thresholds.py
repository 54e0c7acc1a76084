# SPDX-License-Identifier: Apache-2.0
"""results/thresholds.csv: one row per study with a mask; from where on a voxel of it counts as enhancing, and why."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import StudyRow
from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class ThresholdRow(StudyRow):
    """The threshold of a study, by which every method and dose is evaluated, and what it was set from.

    Intensities are on the scale of [−1, 1].

    Attributes:
        threshold: Enhancement from which on a voxel counts.
        noise: SD of the noise of T1ce − T1.
        spread: Robust SD about zero of T1ce − T1 in the head outside the tumor.
        tumor_median: Median of T1ce − T1 in the tumor.
        tumor_over_spread: The median over the spread; up to 2 (noise aside), recovery is undefined.
    """

    threshold: float
    noise: float
    spread: float
    tumor_median: float
    tumor_over_spread: float


_TABLE = ResultTable(ThresholdRow, "a table of thresholds", ("patient", "session"))
COLUMNS = _TABLE.columns
write_thresholds = _TABLE.write
read_thresholds = _TABLE.read
