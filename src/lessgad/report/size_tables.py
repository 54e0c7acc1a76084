# SPDX-License-Identifier: Apache-2.0
"""Tables on size: diameter and class of a tumor as segmented and as drawn, and its growth between visits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lessgad.dose_fraction import percent
from lessgad.evaluation.limits_of_agreement import Agreement, agreement
from lessgad.evaluation.results.growth import GrowthRow
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.report.enhancement_table import EnhancementTable
from lessgad.report.table_words import (
    image_label,
    images_of,
    limits_in_words,
    mean_in_words,
    patients_and_studies,
)


def class_table(rows: Sequence[TumorSizeRow]) -> EnhancementTable:
    """Diameters, and how often the class changes, at each dose; no rows where nothing was measured."""
    words = []
    for dose, image in images_of(rows):
        chosen = [row for row in rows if (row.dose, row.image) == (dose, image)]
        classed = [row for row in chosen if row.reference_kanzaki != "undefined"]
        changed = sum(row.kanzaki != row.reference_kanzaki for row in classed)
        missed = sum(row.kanzaki == "none" for row in classed)
        words.append(
            (
                percent(dose),
                image_label(image),
                f"{changed} of {len(classed)}" if classed else "–",
                f"{missed}" if classed else "–",
                mean_in_words(chosen, lambda row: row.diameter_mm, "{:z.1f}"),
                mean_in_words(chosen, lambda row: row.reference_diameter_mm, "{:z.1f}"),
                mean_in_words(chosen, lambda row: abs(row.diameter_mm - row.reference_diameter_mm), "{:z.1f}"),
                patients_and_studies(chosen),
            )
        )
    where = "extrameatal part" if any(row.measured == "extrameatal" for row in rows) else "tumor"
    return EnhancementTable(
        "Diameter and class",
        f"Largest transverse diameter of the {where}, mm, and Kanzaki’s class of it (intrameatal only, up to 10, 20, "
        "30, 40 mm, above), as segmented and as drawn. Changed: studies in another class than drawn, those where "
        "nothing was found included. Means over patients. n: patients / studies.",
        ("dose", "image", "class changed", "nothing found", "diameter", "as drawn", "mean error", "n"),
        tuple(words),
        table="tumor_size",
    )


def growth_table(rows: Sequence[GrowthRow]) -> EnhancementTable:
    """Growth as segmented against growth as drawn, at each dose; no rows where no one has a second visit."""
    words = []
    unknown = sorted({row.patient for row in rows if row.order == "unknown"})
    rows = [row for row in rows if row.order != "unknown"]
    for dose, image in images_of(rows):
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
                image_label(image),
                *_agreement_words(volume, 2),
                *_agreement_words(diameter, 1),
                f"{grown} / {truly}",
                f"{flipped} of {len(chosen)}",
                f"{volume.n_patients} / {len(chosen)}",
            )
        )
    return EnhancementTable(
        "Growth between visits",
        f"Change from one session to the next ({_order_words(rows)}), as segmented − as drawn: bias and 95 % "
        "limits of agreement for one pair of visits of a further patient (Bland and Altman), with the 95 % confidence "
        "interval of each limit. Progression by the thresholds under evaluation.progression, as "
        "segmented / as drawn; flipped: pairs of visits with the opposite call. n: patients / pairs."
        + _unknown_words(unknown),
        (
            "dose",
            "image",
            "volume change, ml",
            "intervals of its limits",
            "diameter change, mm",
            "intervals of its limits",
            "progression",
            "flipped",
            "n",
        ),
        tuple(words),
        table="growth",
    )


def _agreement_words(found: Agreement, decimals: int) -> tuple[str, str]:
    """Bias with its limits, and the interval of each limit."""
    limits = limits_in_words(found.bias, found.low, found.high, decimals)
    if math.isnan(found.low):
        return limits, "–"
    spelled = (
        f"{low:+.{decimals}f} to {high:+.{decimals}f}" for low, high in (found.low_interval, found.high_interval)
    )
    return limits, "; ".join(spelled).replace("-", "−")


def _order_words(rows: Sequence[GrowthRow]) -> str:
    """How it is known which session was the earlier one."""
    n_dated = len({row.patient for row in rows if row.order == "acq_time"})
    n_counted = len({row.patient for row in rows if row.order == "label"})
    if not n_dated:
        return "in the order of the numbers or letters in their labels; no sessions.tsv dates them"
    if not n_counted:
        return "in the order of acq_time in sessions.tsv"
    return f"of {n_dated} patients by acq_time in sessions.tsv, of {n_counted} by the numbers or letters in the labels"


def _unknown_words(patients: Sequence[str]) -> str:
    if not patients:
        return ""
    named = ", ".join(patients[:5]) + (" and others" if len(patients) > 5 else "")
    return (
        f" Left out, as nobody knows which of their sessions was the earlier: {len(patients)} ({named}). Date them by "
        "acq_time in sub-…_sessions.tsv."
    )
