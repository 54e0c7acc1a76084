# SPDX-License-Identifier: Apache-2.0
"""results/lesions.csv: one row per lesion of a study, dose and method."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.result_rows import ResultTable
from lessgad.evaluation.tumor_size import SizeGroup


@dataclass(frozen=True)
class LesionRow:
    """What one method made of one lesion at one dose; NaN where undefined.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: Which part of the split the patient is in.
        dose: Fraction of the standard dose.
        method: ``unrestored``, ``subtract_and_scale``, ``restored`` … or an external name.
        lesion: Its number in the study, from 1, the largest first.
        diameter_mm: Of the sphere of its volume.
        size_group: Class by that diameter.
        volume_ml: Its volume.
        enhancing_ml: Volume of it that enhances at the standard dose.
        recovery: Share of its enhancement that came back.
        missed_ml: Volume of it that enhances at the standard dose alone.
    """

    patient: str
    session: str
    subset: str
    dose: float
    method: str
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
