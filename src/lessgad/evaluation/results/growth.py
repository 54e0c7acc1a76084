# SPDX-License-Identifier: Apache-2.0
"""results/growth.csv: the change between two visits, as segmented and as drawn; one row per pair, dose and image."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class GrowthRow:
    """How a tumor changed between two consecutive sessions of a patient.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        first_session: BIDS label of the earlier session.
        session: Label of the later session.
        subset: Which part of the split the patient is in.
        dose: Dose of both scans, as a fraction of the standard dose; 1 of the standard-dose images.
        image: ``standard``, ``low``, ``restored``, or the name of another method.
        volume_change_ml: Change of the tumor volume as segmented, later − earlier, in ml.
        reference_volume_change_ml: Change of the volume in the reference masks.
        diameter_change_mm: Change of the diameter in results/tumor_size.csv, as segmented, in mm.
        reference_diameter_change_mm: Change of the diameter in the reference masks.
        progression: ``yes`` or ``no``, as segmented; ``undefined`` where it is unknown which session was the earlier.
        reference_progression: Whether the tumor has grown in the reference masks.
        order: What says which was the earlier: ``acq_time`` of sessions.tsv, the numbers in the ``label``, or
            ``unknown``: then changes are NaN.
    """

    patient: str
    first_session: str
    session: str
    subset: str
    dose: float
    image: str
    volume_change_ml: float
    reference_volume_change_ml: float
    diameter_change_mm: float
    reference_diameter_change_mm: float
    progression: str
    reference_progression: str
    order: str

    @property
    def flipped(self) -> bool:
        """Whether the call differs from that of the reference."""
        return self.progression != self.reference_progression


_TABLE = ResultTable(GrowthRow, "a table of growth", ("patient", "first_session", "session", "dose", "image"))
COLUMNS = _TABLE.columns
write_growth = _TABLE.write
read_growth = _TABLE.read
