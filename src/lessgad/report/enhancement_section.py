# SPDX-License-Identifier: Apache-2.0
"""Tables of the report on recovered, false and missed enhancement, and on the trust that an image deserves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar, get_args

from lessgad.dose_fraction import percent
from lessgad.evaluation.enhancement_threshold import exceeds_other_tissue
from lessgad.evaluation.results.artifacts import ArtifactRow
from lessgad.evaluation.results.discrepancy import DiscrepancyRow
from lessgad.evaluation.results.enhancement import EnhancementRow
from lessgad.evaluation.results.intervals import IntervalRow
from lessgad.evaluation.results.lesions import LesionRow
from lessgad.evaluation.results.table import RESTORED, method_order
from lessgad.evaluation.results.thresholds import ThresholdRow
from lessgad.evaluation.tumor_size import SizeGroup
from lessgad.report.enhancement_table import EnhancementTable
from lessgad.report.style import line_style
from lessgad.report.table_words import mean_in_words, patients_and_studies

AnyRow = TypeVar("AnyRow", ArtifactRow, EnhancementRow, LesionRow, IntervalRow, DiscrepancyRow)


def enhancement_tables(
    thresholds: Sequence[ThresholdRow],
    enhancement: Sequence[EnhancementRow],
    lesions: Sequence[LesionRow],
    intervals: Sequence[IntervalRow],
    consistency: Sequence[DiscrepancyRow],
    artifacts: Sequence[ArtifactRow] = (),
    interval_notes: str = "",
) -> tuple[EnhancementTable, ...]:
    """Summarize the results of test studies in tables.

    Args:
        thresholds: Rows of the threshold table.
        enhancement: Rows of the enhancement table.
        lesions: Rows of the lesion table.
        intervals: Rows of the interval table.
        consistency: Rows of the discrepancy table.
        artifacts: Rows of the artifact table.
        interval_notes: Sentences on the calibration of the intervals.

    Returns:
        The tables that have data.
    """
    tables = (
        _by_method(
            [row for row in enhancement if row.subset == "test"], [row for row in thresholds if row.subset == "test"]
        ),
        _artifacts([row for row in artifacts if row.subset == "test"]),
        _by_size([row for row in lesions if row.subset == "test" and row.method == RESTORED]),
        _intervals([row for row in intervals if row.subset == "test"], interval_notes),
        _discrepancy([row for row in consistency if row.subset == "test"]),
    )
    return tuple(table for table in tables if table.rows)


def _by_method(rows: Sequence[EnhancementRow], thresholds: Sequence[ThresholdRow]) -> EnhancementTable:
    words = []
    for dose in _doses(rows):
        of_dose = [row for row in rows if row.dose == dose]
        for method in sorted({row.method for row in of_dose}, key=method_order):
            chosen = [row for row in of_dose if row.method == method]
            without = [row for row in rows if row.method == method and row.dose == 0]
            words.append(
                (
                    percent(dose),
                    line_style(method).label,
                    mean_in_words(chosen, lambda row: row.recovery, "{:z.2f}"),
                    _gain(chosen, without),
                    mean_in_words(chosen, lambda row: row.false_ml, "{:z.2f}"),
                    mean_in_words(chosen, lambda row: row.missed_ml, "{:z.2f}"),
                    mean_in_words(chosen, lambda row: row.unsupported_ml, "{:z.2f}"),
                    mean_in_words(chosen, lambda row: row.cnr, "{:z.1f}"),
                    mean_in_words(chosen, lambda row: row.cep_percent, "{:z.0f}"),
                    patients_and_studies(chosen),
                )
            )
    return EnhancementTable(
        "Enhancement of test studies",
        "Means over patients. Recovery: share of the tumor’s standard-dose enhancement that the image shows; "
        "“from contrast”: recovery minus the same method’s recovery at dose 0. False: volume outside the tumor "
        "that enhances only in this image; missed: tumor that enhances only at the standard dose; unsupported: "
        "volume that disagrees with the acquired low dose. n: patients / studies." + _unclear(thresholds),
        (
            "dose",
            "method",
            "recovery",
            "from contrast",
            "false, ml",
            "missed, ml",
            "unsupported, ml",
            "CNR",
            "CEP, %",
            "n",
        ),
        tuple(words),
        table="enhancement",
    )


def _artifacts(rows: Sequence[ArtifactRow]) -> EnhancementTable:
    words = []
    for dose in _doses(rows):
        of_dose = [row for row in rows if row.dose == dose]
        for method in sorted({row.method for row in of_dose}, key=method_order):
            chosen = [row for row in of_dose if row.method == method]
            worst = max(row.brighter_ml + row.darker_ml for row in chosen)
            words.append(
                (
                    percent(dose),
                    line_style(method).label,
                    mean_in_words(chosen, lambda row: row.rms_error, "{:z.3f}"),
                    mean_in_words(chosen, lambda row: 100 * row.off_share, "{:z.2f}"),
                    mean_in_words(chosen, lambda row: row.brighter_ml, "{:z.2f}"),
                    mean_in_words(chosen, lambda row: row.darker_ml, "{:z.2f}"),
                    f"{worst:.2f}",
                    mean_in_words(chosen, lambda row: row.texture_ratio, "{:z.2f}"),
                    mean_in_words(chosen, lambda row: row.edge_error, "{:z.2f}"),
                    patients_and_studies(chosen),
                )
            )
    return EnhancementTable(
        "The whole head",
        "Means over patients, compared with the standard dose. Error: root mean square in the head, relative to "
        "the signal of tissue; off: share of head voxels with an error above 30 % of it. Brighter, darker: "
        "volume outside the range of T1 and standard dose by that much, in clusters of at least 10 mm³; worst: "
        "the largest sum of both in one study. Texture: fine structure (under 1 mm) in the tumor relative to the "
        "standard dose, 1 is ideal; edges: error of the gradient in the tumor, 0 is ideal. n: patients / studies.",
        ("dose", "method", "error", "off, %", "brighter, ml", "darker, ml", "worst, ml", "texture", "edges", "n"),
        tuple(words),
        table="artifacts",
    )


def _by_size(rows: Sequence[LesionRow]) -> EnhancementTable:
    words = []
    for dose in _doses(rows):
        for group in get_args(SizeGroup):
            chosen = [row for row in rows if row.dose == dose and row.size_group == group]
            if chosen:
                n = f"{len(chosen)} / {len({row.patient for row in chosen})}"
                recovery = mean_in_words(chosen, lambda row: row.recovery, "{:z.2f}")
                missed = mean_in_words(chosen, lambda row: _share(row.missed_ml, row.enhancing_ml), "{:z.0%}")
                words.append((percent(dose), group.replace("-", "–"), recovery, missed, n))
    return EnhancementTable(
        "Restored lesions by size",
        "Each separate part of a mask is a lesion; its diameter is that of a sphere of equal volume. n: lesions / "
        "patients.",
        ("dose", "diameter", "recovery", "share missed", "n"),
        tuple(words),
        table="lesions",
    )


def _intervals(rows: Sequence[IntervalRow], notes: str) -> EnhancementTable:
    words = []
    for dose in _doses(rows):
        by_area = {
            area: [row for row in rows if row.dose == dose and row.area == area] for area in ("tumor_box", "head")
        }
        tumor = [row for row in rows if row.dose == dose and row.area == "tumor"]
        within = sum(abs(row.enhancement - row.standard_enhancement) <= row.half_width for row in tumor)
        words.append(
            (
                percent(dose),
                *(mean_in_words(chosen, lambda row: row.coverage, "{:z.0%}") for chosen in by_area.values()),
                mean_in_words(tumor, lambda row: row.enhancement, "{:z.3f}"),
                mean_in_words(tumor, lambda row: row.half_width, "{:z.3f}"),
                mean_in_words(tumor, lambda row: row.standard_enhancement, "{:z.3f}"),
                f"{within} of {len(tumor)}" if tumor else "–",
                patients_and_studies(by_area["head"]),
            )
        )
    return EnhancementTable(
        "Coverage of the intervals",
        "The 90 % intervals should contain the standard-dose value in 90 % of voxels. The scan at dose "
        "0 shows no enhancement, so its intervals cannot cover that of the tumor. Right: the tumor’s mean enhancement "
        "on the scale of [−1, 1], ± its interval, and the number of studies in which the interval contains that of the "
        "standard dose. n: patients / studies."
        f"{' ' if notes else ''}{notes}",
        ("dose", "covered, tumor’s box", "covered, head", "enhancement", "±", "at the standard dose", "held", "n"),
        tuple(words),
        table="intervals",
    )


def _discrepancy(rows: Sequence[DiscrepancyRow]) -> EnhancementTable:
    words = [
        (
            percent(dose),
            mean_in_words(chosen, lambda row: row.unsupported_ml, "{:z.2f}"),
            mean_in_words(chosen, lambda row: row.overlooked_ml, "{:z.2f}"),
            mean_in_words(chosen, lambda row: row.detectable_5mm, "{:z.0%}"),
            mean_in_words(chosen, lambda row: row.detectable_10mm, "{:z.0%}"),
            patients_and_studies(chosen),
        )
        for dose in _doses(rows)
        for chosen in [[row for row in rows if row.dose == dose]]
        if not all(math.isnan(row.unsupported_ml) for row in chosen)
    ]
    return EnhancementTable(
        "Discrepancy between restored images and the measurement",
        "The forward model takes the restored image back to its dose; the result must agree with the acquired "
        "scan. Unsupported: the image is too bright; overlooked: it is too dark. “Detectable”: smallest error "
        "detected half of the time, in percent of the signal of tissue in the T1. At low doses this check "
        "detects only large errors.",
        ("dose", "unsupported, ml", "overlooked, ml", "detectable, 5 mm", "detectable, 10 mm", "n"),
        tuple(words),
        table="consistency",
    )


def _doses(rows: Iterable[AnyRow]) -> list[float]:
    return sorted({row.dose for row in rows})


def _gain(rows: Sequence[EnhancementRow], without: Sequence[EnhancementRow]) -> str:
    """Recovery beyond that of dose 0, study by study."""
    prior = {(row.patient, row.session): row.recovery for row in without}
    if not prior or all(row.dose == 0 for row in rows):
        return "–"
    return mean_in_words(rows, lambda row: row.recovery - prior.get((row.patient, row.session), math.nan), "{:z.2f}")


def _unclear(thresholds: Sequence[ThresholdRow]) -> str:
    """Say in how many studies recovery means little."""
    n = sum(not exceeds_other_tissue(row.tumor_median, row.noise, row.spread) for row in thresholds)
    if not n:
        return ""
    return (
        f" In {n} of {len(thresholds)} studies the tumor enhances no more than other tissue differs between T1 "
        "and T1ce; their recovery is undefined (results/thresholds.csv)."
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan
