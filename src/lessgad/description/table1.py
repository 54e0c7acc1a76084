# SPDX-License-Identifier: Apache-2.0
"""Table 1 of the paper: patients, age, sex, scans and size classes of a cohort."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from lessgad.description.participants import Age, Participant, Sex
from lessgad.description.spread import median_and_range, one_decimal, whole_or_one_decimal
from lessgad.description.table import PrintedTable
from lessgad.description.tumor_sizes import TumorSize
from lessgad.evaluation.kanzaki import KanzakiClass

KANZAKI_ROWS: dict[KanzakiClass, str] = {
    "intrameatal": "intrameatal only",
    "small": "small (0–10 mm)",
    "medium": "medium (11–20 mm)",
    "moderately large": "moderately large (21–30 mm)",
    "large": "large (31–40 mm)",
    "giant": "giant (> 40 mm)",
}
KANZAKI_NOTE = (
    "Size classes after Kanzaki et al. 2003: largest transverse extrameatal diameter of the mask, rounded to whole mm."
)


def table1(participants: Mapping[str, Participant], n_studies: int, sizes: Sequence[TumorSize]) -> PrintedTable:
    """Make Table 1.

    Args:
        participants: Age and sex of each patient.
        n_studies: Studies with T1 and T1ce.
        sizes: Tumors of the studies that have a mask.

    Returns:
        One row per characteristic; missing values are counted in separate rows.
    """
    rows = [("patients", str(len(participants))), *_age_rows(participants), *_sex_rows(participants)]
    rows.append(("scans (T1 and T1ce)", str(n_studies)))
    rows += _size_rows(n_studies, sizes)
    notes = []
    older = [p.age for p in participants.values() if p.age is not None and p.age.or_older]
    if older:
        limits = ", ".join(sorted({whole_or_one_decimal(age.years) for age in older}))
        notes.append(f"The age of {len(older)} patients is stated as {limits} or older and counted as that limit.")
    if any(size.kanzaki for size in sizes):
        notes.append(KANZAKI_NOTE)
    return PrintedTable("Table 1", "Patients and scans", ("characteristic", "value"), tuple(rows), tuple(notes))


def _age_rows(participants: Mapping[str, Participant]) -> list[tuple[str, str]]:
    ages = [participant.age for participant in participants.values()]
    known: list[Age] = [age for age in ages if age is not None]
    years = [age.years for age in known]
    rows = []
    if years:
        spread = f" ± {statistics.stdev(years):.2f}" if len(years) > 1 else ""
        rows.append(("age at first scan, years, mean ± SD", f"{statistics.fmean(years):.2f}{spread}"))
        rows.append(("age at first scan, years, median (range)", median_and_range(years, whole_or_one_decimal)))
    if len(known) < len(ages):
        rows.append(("age not stated", _share(len(ages) - len(known), len(ages))))
    return rows


def _sex_rows(participants: Mapping[str, Participant]) -> list[tuple[str, str]]:
    counts = Counter(participant.sex for participant in participants.values())
    words: dict[Sex, str] = {"male": "men", "female": "women", "other": "other sex"}
    rows = [(name, _share(counts[sex], len(participants))) for sex, name in words.items() if counts[sex]]
    return [*rows, ("sex not stated", _share(counts[None], len(participants)))] if counts[None] else rows


def _size_rows(n_studies: int, sizes: Sequence[TumorSize]) -> list[tuple[str, str]]:
    measured = [size for size in sizes if not size.problem]
    rows = []
    if any(size.kanzaki for size in measured):
        counts = Counter(size.kanzaki for size in measured)
        rows += [(words, _share(counts[name], n_studies)) for name, words in KANZAKI_ROWS.items()]
        n_empty = counts["none"]
    else:
        drawn = [size.diameter_mm for size in measured if size.diameter_mm > 0]
        if drawn:
            rows.append(("largest transverse tumor diameter, mm, median (range)", median_and_range(drawn, one_decimal)))
        n_empty = len(measured) - len(drawn)
    if n_empty:
        rows.append(("mask without tumor", _share(n_empty, n_studies)))
    if len(measured) < n_studies:
        rows.append(("tumor size not known", _share(n_studies - len(measured), n_studies)))
    return rows


def _share(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.1f} %)" if total else str(count)
