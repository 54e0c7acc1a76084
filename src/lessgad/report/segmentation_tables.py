# SPDX-License-Identifier: Apache-2.0
"""Tables on segmentation: overlap with what was missed and invented, statistics, and those on size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lessgad.dose_fraction import percent
from lessgad.evaluation.metric_summary import MetricSummary, compare, correct_over_doses, summarize
from lessgad.evaluation.patient_level import MIN_PATIENTS_FOR_INTERVAL
from lessgad.evaluation.results.growth import GrowthRow
from lessgad.evaluation.results.overlap import (
    LOW,
    RESTORED,
    STANDARD,
    TUMOR,
    OverlapRow,
)
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.report.enhancement_table import EnhancementTable
from lessgad.report.overlap_figure import Metric, patient_mean
from lessgad.report.size_tables import class_table, growth_table
from lessgad.report.table_words import image_label, images_of, mean_in_words, patients_and_studies, region_label


def segmentation_tables(
    overlap: Sequence[OverlapRow],
    sizes: Sequence[TumorSizeRow],
    growth: Sequence[GrowthRow],
    regions: Sequence[str],
    *,
    seed: int,
    n_resamples: int,
) -> tuple[EnhancementTable, ...]:
    """Summarize the results of test studies in tables.

    Args:
        overlap: Rows of the overlap table.
        sizes: Rows of the tumor-size table.
        growth: Rows of the growth table.
        regions: Names of the regions.
        seed: Random seed.
        n_resamples: Number of bootstrap draws.

    Returns:
        The tables that have data.
    """
    test = [row for row in overlap if row.subset == "test"]
    columns = [*(region for region in regions if region != TUMOR), TUMOR]
    tables = (
        _overlap(test, columns, seed, n_resamples),
        _statistics(test, columns, seed, n_resamples),
        _patients(test),
        class_table([row for row in sizes if row.subset == "test"]),
        growth_table([row for row in growth if row.subset == "test"]),
    )
    return tuple(table for table in tables if table.rows)


def _overlap(rows: Sequence[OverlapRow], regions: Sequence[str], seed: int, n_resamples: int) -> EnhancementTable:
    words = []
    for dose, image in images_of(rows):
        of_image = [row for row in rows if (row.dose, row.image) == (dose, image)]
        tumor = [row for row in of_image if row.region == TUMOR]

        def mean(region: str, metric: Metric, of_image: Sequence[OverlapRow] = tuple(of_image)) -> str:
            point = patient_mean([row for row in of_image if row.region == region], metric, seed, n_resamples)
            return _with_interval(point.mean, point.interval)

        words.append(
            (
                percent(dose),
                image_label(image),
                *(mean(region, "dice") for region in regions),
                mean(TUMOR, "hd95_mm"),
                mean(TUMOR, "asd_mm"),
                mean_in_words(tumor, lambda row: row.volume_error_ml, "{:+z.2f}"),
                *(_missed_and_false([row for row in of_image if row.region == region]) for region in regions),
                patients_and_studies(tumor),
            )
        )
    return EnhancementTable(
        "Segmentation of test studies",
        "Means over patients (95 % interval from 10 patients on). Missed / false: studies in which the region "
        "was drawn but not found / found but not drawn; they count with a Dice of 0 and have no distances. "
        "Regions that are neither drawn nor found are left out. n: patients / studies.",
        (
            "dose",
            "image",
            *(f"Dice, {region_label(region)}" for region in regions),
            "HD95, mm",
            "ASD, mm",
            "volume error, ml",
            *(f"missed / false, {region_label(region)}" for region in regions),
            "n",
        ),
        tuple(words),
        table="overlap",
    )


def _statistics(rows: Sequence[OverlapRow], regions: Sequence[str], seed: int, n_resamples: int) -> EnhancementTable:
    doses = sorted({row.dose for row in rows if row.image == RESTORED})
    words: dict[tuple[float, str], list[str]] = {(dose, region): [] for dose in doses for region in regions}
    metrics: tuple[tuple[Metric, int], ...] = (("dice", 3), ("hd95_mm", 2), ("asd_mm", 2))
    for region in regions:
        for metric, decimals in metrics:
            summaries = [_compared(rows, dose, region, metric, seed, n_resamples) for dose in doses]
            for dose, summary in zip(doses, correct_over_doses(summaries), strict=True):
                words[dose, region] += [_gain_words(summary, decimals), _p_words(summary)]
    return EnhancementTable(
        "Restored against low dose",
        "Difference restored − low dose; for Dice larger is better, for distances smaller. Mean over patients with its "
        "95 % interval from 10 patients on; p of a sign-flip test over patients, corrected over doses (Holm); * "
        "Wilcoxon over studies, p < 0.001, as in the paper, not given under 11 studies.",
        ("dose", "region", "Dice", "p", "HD95, mm", "p", "ASD, mm", "p"),
        tuple((percent(dose), region_label(region), *cells) for (dose, region), cells in words.items()),
        table="overlap",
    )


def _compared(
    rows: Sequence[OverlapRow], dose: float, region: str, metric: Metric, seed: int, n_resamples: int
) -> MetricSummary:
    values = {
        image: {
            (row.patient, row.session): float(getattr(row, metric))
            for row in rows
            if (row.dose, row.region, row.image) == (dose, region, image)
        }
        for image in (LOW, RESTORED)
    }
    both = sorted(values[LOW].keys() & values[RESTORED].keys())
    gains = np.array([values[RESTORED][study] - values[LOW][study] for study in both], dtype=np.float64)
    summary = summarize(np.array([values[RESTORED][study] for study in both], dtype=np.float64))
    return compare(summary, gains, [patient for patient, _ in both], seed, n_resamples)


def _patients(rows: Sequence[OverlapRow]) -> EnhancementTable:
    """Every patient, where there are too few for an interval."""
    tumor = [row for row in rows if row.region == TUMOR]
    patients = sorted({row.patient for row in tumor})
    doses = sorted({row.dose for row in tumor if row.image == RESTORED})
    words = []
    if len(patients) < MIN_PATIENTS_FOR_INTERVAL:
        for patient in patients:
            own = [row for row in tumor if row.patient == patient]
            cells = [_dice_of(own, 1.0, STANDARD)]
            cells += [f"{_dice_of(own, dose, LOW)} → {_dice_of(own, dose, RESTORED)}" for dose in doses]
            words.append((patient, *cells))
    return EnhancementTable(
        "Dice of every patient",
        "Whole tumor: standard dose, then low dose → restored. With fewer than 10 patients no interval is given.",
        ("patient", "standard dose", *(percent(dose) for dose in doses)),
        tuple(words),
        table="overlap",
    )


def _with_interval(mean: float, interval: tuple[float, float] | None) -> str:
    if math.isnan(mean):
        return "–"
    return f"{mean:.2f}" if interval is None else f"{mean:.2f} ({interval[0]:.2f} to {interval[1]:.2f})"


def _missed_and_false(rows: Sequence[OverlapRow]) -> str:
    return f"{sum(row.missed for row in rows)} / {sum(row.false for row in rows)}"


def _dice_of(rows: Sequence[OverlapRow], dose: float, image: str) -> str:
    return mean_in_words(
        [row for row in rows if (row.dose, row.image) == (dose, image)], lambda row: row.dice, "{:z.2f}"
    )


def _gain_words(summary: MetricSummary, decimals: int) -> str:
    gain = summary.gain
    if gain is None or gain.n_patients == 0:
        return "–"
    star = "*" if summary.star else ""
    words = f"{gain.mean:+.{decimals}f}{star}"
    if gain.interval is not None:
        words += f" ({gain.interval[0]:+.{decimals}f} to {gain.interval[1]:+.{decimals}f})"
    return words.replace("-", "−")


def _p_words(summary: MetricSummary) -> str:
    p = summary.p_holm
    return "–" if p is None or math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
