# SPDX-License-Identifier: Apache-2.0
"""results/consistency.csv: one row per study and dose; how the restored image stands to what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.result_rows import ResultTable


@dataclass(frozen=True)
class DiscrepancyRow:
    """What of a restored image the acquired low dose contradicts, and how large an error it would have shown.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: Which part of the split the patient is in.
        dose: Fraction of the standard dose, above 0.
        unsupported_ml: Volume that shows more than was measured.
        overlooked_ml: Volume that shows less.
        detectable_5mm: Smallest error of 5 mm diameter that is found half of the time, over the tissue level of the T1.
        detectable_10mm: Of 10 mm.
    """

    patient: str
    session: str
    subset: str
    dose: float
    unsupported_ml: float
    overlooked_ml: float
    detectable_5mm: float
    detectable_10mm: float


_TABLE = ResultTable(DiscrepancyRow, "a table of consistency", ("patient", "session", "dose"))
COLUMNS = _TABLE.columns
write_discrepancy = _TABLE.write
read_discrepancy = _TABLE.read
