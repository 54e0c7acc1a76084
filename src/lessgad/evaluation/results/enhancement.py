# SPDX-License-Identifier: Apache-2.0
"""results/enhancement.csv: one row per study, dose and method; other programs read it."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import MethodRow
from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class EnhancementRow(MethodRow):
    """Enhancement of a study in one method's image at one dose; NaN where undefined.

    Attributes:
        recovery: Share of the tumor's standard-dose enhancement that the image shows.
        false_ml: Volume that enhances only in this image.
        missed_ml: Volume of tumor that enhances only at the standard dose.
        unsupported_ml: Volume that the acquired low dose does not support.
        cnr: Contrast-to-noise ratio.
        lbr: Lesion-to-background ratio.
        cep_percent: Contrast enhancement percentage.
    """

    recovery: float
    false_ml: float
    missed_ml: float
    unsupported_ml: float
    cnr: float
    lbr: float
    cep_percent: float


_TABLE = ResultTable(EnhancementRow, "a table of enhancement", ("patient", "session", "dose", "method"))
COLUMNS = _TABLE.columns
write_enhancement = _TABLE.write
read_enhancement = _TABLE.read
