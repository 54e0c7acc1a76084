# SPDX-License-Identifier: Apache-2.0
"""results/similarity.csv: one row per study, dose, method and area; other programs read it."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import MethodRow
from lessgad.evaluation.results.table import (
    REPEAT,
    RESTORED,
    SUBTRACT_AND_SCALE,
    UNRESTORED,
    ResultTable,
    method_order,
)
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
class SimilarityRow(MethodRow):
    """How like the standard-dose image one image of a study is, over one area.

    Attributes:
        area: ``tumor_box``, ``tumor`` or ``head``.
        psnr_db: PSNR in dB, possibly infinite.
        ssim: Mean SSIM.
    """

    area: Area
    psnr_db: float
    ssim: float


_TABLE = ResultTable(SimilarityRow, "a table of similarities", ("patient", "session", "dose", "method", "area"))
COLUMNS = _TABLE.columns
write_similarity = _TABLE.write
read_similarity = _TABLE.read
