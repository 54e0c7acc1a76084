# SPDX-License-Identifier: Apache-2.0
"""Tables on segmentation: overlap with what was missed and invented, statistics, classes, growth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from lessgad.dose_fraction import percent
from lessgad.evaluation.growth import agreement
from lessgad.evaluation.growth_csv import GrowthRow
from lessgad.evaluation.metric_summary import MetricSummary, compare, correct_over_doses, summarise
from lessgad.evaluation.overlap_csv import (
    LOW,
    RESTORED,
    STANDARD,
    TUMOR,
    OverlapRow,
    image_order,
    method_of_image,
)
from lessgad.evaluation.patient_level import MIN_PATIENTS_FOR_INTERVAL, patient_means
from lessgad.evaluation.tumor_size_csv import TumorSizeRow
from lessgad.report.enhancement_section import EnhancementTable
from lessgad.report.overlap_figure import Metric, patient_mean
from lessgad.report.style import line_style

AnyRow = OverlapRow | TumorSizeRow | GrowthRow


def segmentation_tables(
    overlap: Sequence[OverlapRow],
    sizes: Sequence[TumorSizeRow],
    growth: Sequence[GrowthRow],
    regions: Sequence[str],
    *,
    seed: int,
    n_resamples: int,
) -> tuple[EnhancementTable, ...]:
    """Put the results of test studies into tables; what was not measured has none."""
    test = [row for row in overlap if row.subset == "test"]
    columns = [*(region for region in regions if region != TUMOR), TUMOR]
    tables = (
        _overlap(test, columns, seed, n_resamples),
        _statistics(test, columns, seed, n_resamples),
        _patients(test),
        _classes([row for row in sizes if row.subset == "test"]),
        _growth([row for row in growth if row.subset == "test"]),
    )
    return tuple(table for table in tables if table.rows)


def _overlap(rows: Sequence[OverlapRow], regions: Sequence[str], seed: int, n_resamples: int) -> EnhancementTable:
    words = []
    for dose, image in _images(rows):
        of_image = [row for row in rows if (row.dose, row.image) == (dose, image)]
        tumor = [row for row in of_image if row.region == TUMOR]

        def mean(region: str, metric: Metric, of_image: Sequence[OverlapRow] = tuple(of_image)) -> str:
            point = patient_mean([row for row in of_image if row.region == region], metric, seed, n_resamples)
            return _with_interval(point.mean, point.interval)

        words.append(
            (
                percent(dose),
                _name(image),
                *(mean(region, "dice") for region in regions),
                mean(TUMOR, "hd95_mm"),
                mean(TUMOR, "asd_mm"),
                _mean(tumor, lambda row: row.volume_error_ml, "{:+.2f}"),
                *(_missed_and_false([row for row in of_image if row.region == region]) for region in regions),
                _count(tumor),
            )
        )
    return EnhancementTable(
        "Segmentation of test studies",
        "Means over patients (95 % interval from 10 patients on). Missed / false: studies where the region was drawn "
        "and no voxel of it found / where it was found and not drawn; they count with a Dice of 0, and have no "
        "distances. Regions that are neither drawn nor found are left out. n: patients / studies.",
        (
            "dose",
            "image",
            *(f"Dice, {_spelled(region)}" for region in regions),
            "HD95, mm",
            "ASD, mm",
            "volume error, ml",
            *(f"missed / false, {_spelled(region)}" for region in regions),
            "n",
        ),
        tuple(words),
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
        "Difference restored − low dose; for Dice more is better, for distances less. Mean over patients with its "
        "95 % interval from 10 patients on; p of a sign-flip test over patients, corrected over doses (Holm); * "
        "Wilcoxon over studies, p < 0.001, as in the paper, not given under 11 studies.",
        ("dose", "region", "Dice", "p", "HD95, mm", "p", "ASD, mm", "p"),
        tuple((percent(dose), _spelled(region), *cells) for (dose, region), cells in words.items()),
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
    summary = summarise(np.array([values[RESTORED][study] for study in both], dtype=np.float64))
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
        "Whole tumour: standard dose, then low dose → restored. Fewer than 10 patients: an interval would promise more "
        "than there is.",
        ("patient", "standard dose", *(percent(dose) for dose in doses)),
        tuple(words),
    )


def _classes(rows: Sequence[TumorSizeRow]) -> EnhancementTable:
    words = []
    for dose, image in _images(rows):
        chosen = [row for row in rows if (row.dose, row.image) == (dose, image)]
        classed = [row for row in chosen if row.reference_kanzaki != "undefined"]
        changed = sum(row.kanzaki != row.reference_kanzaki for row in classed)
        missed = sum(row.kanzaki == "none" for row in classed)
        words.append(
            (
                percent(dose),
                _name(image),
                f"{changed} of {len(classed)}" if classed else "–",
                f"{missed}" if classed else "–",
                _mean(chosen, lambda row: row.diameter_mm, "{:.1f}"),
                _mean(chosen, lambda row: row.reference_diameter_mm, "{:.1f}"),
                _mean(chosen, lambda row: abs(row.diameter_mm - row.reference_diameter_mm), "{:.1f}"),
                _count(chosen),
            )
        )
    where = "extrameatal part" if any(row.measured == "extrameatal" for row in rows) else "tumour"
    return EnhancementTable(
        "Diameter and class",
        f"Largest transverse diameter of the {where}, mm, and Kanzaki’s class of it (intrameatal only, up to 10, 20, "
        "30, 40 mm, above), as segmented and as drawn. Changed: studies in another class than drawn, those where "
        "nothing was found included. Means over patients. n: patients / studies.",
        ("dose", "image", "class changed", "nothing found", "diameter", "as drawn", "mean error", "n"),
        tuple(words),
    )


def _growth(rows: Sequence[GrowthRow]) -> EnhancementTable:
    words = []
    for dose, image in _images(rows):
        chosen = [row for row in rows if (row.dose, row.image) == (dose, image)]
        patients = [row.patient for row in chosen]
        volume = agreement([row.volume_change_ml - row.reference_volume_change_ml for row in chosen], patients)
        diameter = agreement([row.diameter_change_mm - row.reference_diameter_change_mm for row in chosen], patients)
        grown = sum(row.progression == "yes" for row in chosen)
        truly = sum(row.reference_progression == "yes" for row in chosen)
        flipped = sum(row.flipped for row in chosen)
        words.append(
            (
                percent(dose),
                _name(image),
                _limits(volume.bias, volume.low, volume.high, 2),
                _limits(diameter.bias, diameter.low, diameter.high, 1),
                f"{grown} / {truly}",
                f"{flipped} of {len(chosen)}",
                f"{volume.n_patients} / {len(chosen)}",
            )
        )
    return EnhancementTable(
        "Growth between visits",
        "Change from one session to the next (in the order of their labels), as segmented − as drawn: bias and 95 % "
        "limits of agreement (Bland and Altman). Progression by the thresholds under evaluation.progression, as "
        "segmented / as drawn; flipped: pairs of visits that are called otherwise. n: patients / pairs.",
        ("dose", "image", "volume change, ml", "diameter change, mm", "progression", "flipped", "n"),
        tuple(words),
    )


def _images(rows: Sequence[AnyRow]) -> list[tuple[float, str]]:
    """Standard dose first, then dose by dose."""
    found = {(row.dose, row.image) for row in rows}
    return sorted(found, key=lambda key: (key[1] != STANDARD, key[0], image_order(key[1])))


def _name(image: str) -> str:
    return "standard dose" if image == STANDARD else line_style(method_of_image(image)).label


def _spelled(region: str) -> str:
    return "whole tumour" if region == TUMOR else region


def _mean(rows: Sequence[AnyRow], value: Callable[..., float], form: str) -> str:
    means = patient_means(np.array([value(row) for row in rows], dtype=np.float64), [row.patient for row in rows])
    return form.format(float(np.mean(list(means.values())))).replace("-", "−") if means else "–"


def _with_interval(mean: float, interval: tuple[float, float] | None) -> str:
    if math.isnan(mean):
        return "–"
    return f"{mean:.2f}" if interval is None else f"{mean:.2f} ({interval[0]:.2f} to {interval[1]:.2f})"


def _missed_and_false(rows: Sequence[OverlapRow]) -> str:
    return f"{sum(row.missed for row in rows)} / {sum(row.false for row in rows)}"


def _dice_of(rows: Sequence[OverlapRow], dose: float, image: str) -> str:
    return _mean([row for row in rows if (row.dose, row.image) == (dose, image)], lambda row: row.dice, "{:.2f}")


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


def _limits(bias: float, low: float, high: float, decimals: int) -> str:
    if math.isnan(bias):
        return "–"
    words = f"{bias:+.{decimals}f}"
    words += "" if math.isnan(low) else f" ({low:+.{decimals}f} to {high:+.{decimals}f})"
    return words.replace("-", "−")


def _count(rows: Sequence[OverlapRow] | Sequence[TumorSizeRow]) -> str:
    return f"{len({row.patient for row in rows})} / {len({(row.patient, row.session) for row in rows})}"
