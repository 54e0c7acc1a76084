# SPDX-License-Identifier: Apache-2.0
"""results/artifacts.csv: one row per study, dose and method; other programs read it."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import MethodRow
from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class ArtifactRow(MethodRow):
    """How one method's image of a study differs from the standard dose over the whole head; NaN where undefined.

    Attributes:
        rms_error: Root mean square error in the head over the signal of tissue.
        rms_error_outside: The same error outside the tumor.
        off_share: Share of head voxels off by more than 30 % of the signal of tissue.
        off_share_outside: Likewise outside the tumor.
        brighter_ml: Volume brighter than both T1 and standard dose by more than that.
        darker_ml: Volume darker than both.
        texture_ratio: SD of the fine structure in the tumor over that of the standard dose.
        edge_error: RMS error of the gradient in the tumor over the RMS gradient of the standard dose.
    """

    rms_error: float
    rms_error_outside: float
    off_share: float
    off_share_outside: float
    brighter_ml: float
    darker_ml: float
    texture_ratio: float
    edge_error: float


_TABLE = ResultTable(ArtifactRow, "a table of artifacts", ("patient", "session", "dose", "method"))
COLUMNS = _TABLE.columns
write_artifacts = _TABLE.write
read_artifacts = _TABLE.read
