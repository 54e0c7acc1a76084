# SPDX-License-Identifier: Apache-2.0
"""results/similarity.csv: one row per study, dose, method and area; other programs read it."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.result_rows import REPEAT, RESTORED, SUBTRACT_AND_SCALE, UNRESTORED, ResultTable, method_order
from lessgad.evaluation.similarity import Area

__all__ = [
    "COLUMNS",
    "REPEAT",
    "RESTORED",
    "SUBTRACT_AND_SCALE",
    "UNRESTORED",
    "SimilarityRow",
    "method_order",
    "read_similarity",
    "write_similarity",
]


@dataclass(frozen=True)
class SimilarityRow:
    """How like the standard-dose image one image of a study is, over one area.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: Which part of the split the patient is in.
        dose: Fraction of the standard dose.
        method: ``unrestored``, ``subtract_and_scale``, ``restored`` … or an external name.
        area: ``tumor_box``, ``tumor`` or ``head``.
        psnr_db: PSNR in dB, possibly infinite.
        ssim: Mean SSIM.
    """

    patient: str
    session: str
    subset: str
    dose: float
    method: str
    area: Area
    psnr_db: float
    ssim: float


_TABLE = ResultTable(SimilarityRow, "a table of similarities", ("patient", "session", "dose", "method", "area"))
COLUMNS = _TABLE.columns
write_similarity = _TABLE.write
read_similarity = _TABLE.read
