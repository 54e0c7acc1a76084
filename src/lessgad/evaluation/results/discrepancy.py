# SPDX-License-Identifier: Apache-2.0
"""results/consistency.csv: one row per study and dose; how the restored image stands to what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import DoseRow
from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class DiscrepancyRow(DoseRow):
    """Contradictions between a restored image and its low dose, and the size of error that would have been found.

    Attributes:
        unsupported_ml: Volume that shows more than was measured.
        overlooked_ml: Volume that shows less.
        detectable_5mm: Smallest error of 5 mm diameter that is found half of the time, over the tissue level of the T1.
        detectable_10mm: Smallest detectable error of 10 mm.
    """

    unsupported_ml: float
    overlooked_ml: float
    detectable_5mm: float
    detectable_10mm: float


_TABLE = ResultTable(DiscrepancyRow, "a table of consistency", ("patient", "session", "dose"))
COLUMNS = _TABLE.columns
write_discrepancy = _TABLE.write
read_discrepancy = _TABLE.read
