# SPDX-License-Identifier: Apache-2.0
"""Change of a tumor from visit to visit, in the reference and in the segmentation, and whether it counts as growth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

from lessgad.cohort.visits import OrderedBy, Visits, ordered
from lessgad.evaluation.results.growth import GrowthRow
from lessgad.evaluation.results.overlap import TUMOR, OverlapRow
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.evaluation.settings import ProgressionSettings

UNDEFINED = "undefined"
_ROUNDING = 1e-9  # relative; changes are differences


def growth_rows(
    overlaps: Iterable[OverlapRow],
    sizes: Iterable[TumorSizeRow],
    settings: ProgressionSettings,
    known_visits: Mapping[str, Visits] | None = None,
) -> list[GrowthRow]:
    """Compute the change between consecutive sessions of each patient, for every image that both sessions have.

    A change of volume where nothing was there before is infinite in
    percent, and progression. Between sessions whose order is not known every change is undefined.

    Args:
        overlaps: Rows of the tumor are used.
        sizes: Sizes of the same studies and images.
        settings: What counts as progression.
        known_visits: The sessions of each patient in their order; by their labels where a patient is not named.

    Returns:
        One row per patient, pair of sessions and image.
    """
    volumes = {_key(row): row for row in overlaps if row.region == TUMOR}
    diameters = {_key(row): row for row in sizes}
    sessions: dict[str, list[str]] = {}
    for row in volumes.values():
        sessions.setdefault(row.patient, []).append(row.session)
    rows = []
    for patient, found in sorted(sessions.items()):
        known = (known_visits or {}).get(patient) or ordered(found)
        there = [session for session in known.sessions if session in set(found)]
        for before, after in pairwise(there):
            for (_, _, dose, image), row in volumes.items():
                if (row.patient, row.session) != (patient, after):
                    continue
                earlier, later = (patient, before, dose, image), (patient, after, dose, image)
                if earlier in volumes and earlier in diameters and later in diameters:
                    pairs = (volumes[earlier], row), (diameters[earlier], diameters[later])
                    rows.append(_growth(*pairs, before, settings, known.by))
    return rows


def _growth(
    overlaps: tuple[OverlapRow, OverlapRow],
    sizes: tuple[TumorSizeRow, TumorSizeRow],
    first_session: str,
    settings: ProgressionSettings,
    order: OrderedBy,
) -> GrowthRow:
    (before, after), (small, large) = overlaps, sizes
    change, reference_change = after.volume_ml - before.volume_ml, after.reference_ml - before.reference_ml
    grown, reference_grown = (
        large.diameter_mm - small.diameter_mm,
        large.reference_diameter_mm - small.reference_diameter_mm,
    )
    known = order != "unknown"
    change, reference_change, grown, reference_grown = (
        value if known else math.nan for value in (change, reference_change, grown, reference_grown)
    )
    return GrowthRow(
        patient=after.patient,
        first_session=first_session,
        session=after.session,
        subset=after.subset,
        dose=after.dose,
        image=after.image,
        volume_change_ml=change,
        reference_volume_change_ml=reference_change,
        diameter_change_mm=grown,
        reference_diameter_change_mm=reference_grown,
        progression=_call(before.volume_ml, change, grown, settings) if known else UNDEFINED,
        reference_progression=(
            _call(before.reference_ml, reference_change, reference_grown, settings) if known else UNDEFINED
        ),
        order=order,
    )


def _call(volume_ml: float, change_ml: float, change_mm: float, settings: ProgressionSettings) -> str:
    least_ml, least_mm = settings.volume_percent / 100 * volume_ml, settings.diameter_mm
    by_volume = change_ml > 0 and change_ml >= least_ml * (1 - _ROUNDING)
    return "yes" if by_volume or change_mm >= least_mm * (1 - _ROUNDING) else "no"


def _key(row: OverlapRow | TumorSizeRow) -> tuple[str, str, float, str]:
    return row.patient, row.session, row.dose, row.image
