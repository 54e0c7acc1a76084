# SPDX-License-Identifier: Apache-2.0
"""Similarity against dose: one line per method, with its uncertainty or, for few patients, every patient."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lessgad.evaluation.patient_level import N_RESAMPLES, cluster_bootstrap_interval, patient_means
from lessgad.evaluation.results.similarity import RESTORED, UNRESTORED, SimilarityRow, method_order
from lessgad.evaluation.similarity import Area
from lessgad.report.style import (
    MUTED,
    RULE,
    LineStyle,
    is_external,
    legend_below,
    line_style,
    new_figure,
    place,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN, HEIGHT_IN = (2.45, 2.75)
_REACH = 0.5  # how far beyond unrestored and restored other methods may stretch the axis, in spans of those two


@dataclass(frozen=True)
class DoseMean:
    """One method at one dose.

    Attributes:
        dose: Fraction of the standard dose.
        patients: Patient → mean over the patient's studies with a finite value.
        n_infinite: Studies whose value is infinite, left out.
        mean: Mean over patients; NaN where no value is finite.
        interval: 95 % confidence interval of `mean`; None under 10 patients.
    """

    dose: float
    patients: Mapping[str, float]
    n_infinite: int
    mean: float
    interval: tuple[float, float] | None


Curves = Mapping[str, Sequence[DoseMean]]


def dose_curves(
    rows: Iterable[SimilarityRow],
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    subset: str = "test",
    area: Area = "tumor_box",
) -> Figure | None:
    """Draw PSNR, its gain over unrestored images, and SSIM against dose.

    Lines are means over patients (each counts once, by the mean of their studies; infinite values
    left out). Bands are 95 % confidence intervals, drawn from 10 patients on; under that, thin lines
    are single patients; both for unrestored and restored images, and for all gains. The axes fit
    unrestored and restored images; a method far outside is cut off and named at the edge.

    Args:
        rows: Measurements of any subset and area; those of `subset` and `area` are used.
        seed: Seed of the bootstrap.
        n_resamples: Draws of it.
        subset: Subset whose rows are used.
        area: Area whose rows are used.

    Returns:
        The figure; None without data.
    """
    used = [row for row in rows if (row.subset, row.area) == (subset, area)]
    if not used:
        return None
    psnr = curves(used, lambda row: row.psnr_db, seed, n_resamples)
    unrestored = {(row.patient, row.session, row.dose): row.psnr_db for row in used if row.method == UNRESTORED}
    gain = curves(
        [row for row in used if row.method != UNRESTORED and (row.patient, row.session, row.dose) in unrestored],
        lambda row: row.psnr_db - unrestored[row.patient, row.session, row.dose],
        seed,
        n_resamples,
    )
    ssim = curves(used, lambda row: row.ssim, seed, n_resamples)
    with styled():
        figure = new_figure(3 * PANEL_IN + 1.25, HEIGHT_IN + 0.95)
        for column, (title, lines) in enumerate((("PSNR, dB", psnr), ("gain in PSNR, dB", gain), ("SSIM", ssim))):
            axes = place(figure, 0.4 + column * (PANEL_IN + 0.38), 0.28, PANEL_IN, HEIGHT_IN)
            axes.set_title(title)
            _draw(axes, lines, _styles(psnr), spread=set(lines) if column == 1 else {UNRESTORED, RESTORED})
            if column == 1:
                axes.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
        legend_below(figure, figure.axes[0])
    return figure


def curves(
    rows: Iterable[SimilarityRow], value: Callable[[SimilarityRow], float], seed: int, n_resamples: int
) -> Curves:
    """Collect one number of each row into a curve per method, in the order of the tables.

    Args:
        rows: Rows of the similarity table.
        value: Takes the value from a row.
        seed: Random seed.
        n_resamples: Number of bootstrap draws.

    Returns:
        The curves by method.
    """
    groups: dict[str, dict[float, list[SimilarityRow]]] = {}
    for row in rows:
        groups.setdefault(row.method, {}).setdefault(row.dose, []).append(row)
    return {
        method: [_point(dose, at_dose, value, seed, n_resamples) for dose, at_dose in sorted(groups[method].items())]
        for method in sorted(groups, key=method_order)
    }


def _point(
    dose: float, rows: Sequence[SimilarityRow], value: Callable[[SimilarityRow], float], seed: int, n_resamples: int
) -> DoseMean:
    values = np.array([value(row) for row in rows], dtype=np.float64)
    patients = patient_means(values, [row.patient for row in rows])
    means = np.array(list(patients.values()), dtype=np.float64)
    mean = float(means.mean()) if means.size else math.nan
    interval = cluster_bootstrap_interval(means, seed, n_resamples)
    return DoseMean(dose, patients, int(np.isinf(values).sum()), mean, interval)


def _styles(lines: Curves) -> dict[str, LineStyle]:
    externals = [method for method in lines if is_external(method)]
    return {method: line_style(method, externals.index(method) if method in externals else 0) for method in lines}


def _draw(axes: Axes, lines: Curves, styles: Mapping[str, LineStyle], spread: Set[str]) -> None:
    low, high = axis_range(lines)
    for method, points in lines.items():
        style = styles[method]
        front = 4 if method == RESTORED else 3
        percents = [100 * point.dose for point in points]
        axes.plot(
            percents,
            [point.mean for point in points],
            color=style.color,
            linestyle=style.dashes,
            marker=style.marker,
            label=style.label,
            zorder=front,
        )
        if method not in spread:
            continue
        if any(point.interval is not None for point in points):
            bounds = [point.interval or (math.nan, math.nan) for point in points]
            lower, upper = [low for low, _ in bounds], [high for _, high in bounds]
            axes.fill_between(percents, lower, upper, color=style.color, alpha=0.16, linewidth=0)
        elif max(len(point.patients) for point in points) > 1:
            for patient in sorted({patient for point in points for patient in point.patients}):
                values = [point.patients.get(patient, math.nan) for point in points]
                axes.plot(percents, values, color=style.color, linewidth=0.5, alpha=0.45, zorder=2)
    axes.set_ylim(low, high)
    doses = sorted({100 * point.dose for points in lines.values() for point in points})
    if doses:
        axes.set_xlim(doses[0] - 4, doses[-1] + 4)
        axes.set_xticks(doses if len(doses) <= 11 else doses[:: len(doses) // 10])
    axes.set_xlabel("dose, % of standard")
    axes.grid(axis="y", color=RULE, linewidth=0.4, alpha=0.7)
    axes.set_axisbelow(True)
    _name_off_scale(axes, lines, styles, (low, high))


def axis_range(lines: Curves) -> tuple[float, float]:
    """Find the range of the vertical axis: unrestored and restored always, other methods if they do not compress it.

    Another method widens the range only if its mean lies within half of the range of these two.

    Args:
        lines: Curves of all methods.

    Returns:
        Lower and upper end.
    """
    own = {method: points for method, points in lines.items() if method in (UNRESTORED, RESTORED)}
    core = [value for points in (own or lines).values() for value in _extent(points)]
    others = [value for points in lines.values() for value in (point.mean for point in points) if math.isfinite(value)]
    if not core:
        return 0.0, 1.0
    low, high = min(core), max(core)
    span = (high - low) or max(abs(high), 1.0) * 0.1
    near = [value for value in others if low - _REACH * span <= value <= high + _REACH * span]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.06 * (high - low or span)
    return low - margin, high + margin


def _extent(points: Sequence[DoseMean]) -> list[float]:
    values = [value for point in points for value in (point.mean, *(point.interval or ()))]
    if not any(point.interval for point in points):
        values += [value for point in points for value in point.patients.values()]
    return [value for value in values if math.isfinite(value)]


def _name_off_scale(axes: Axes, lines: Curves, styles: Mapping[str, LineStyle], limits: tuple[float, float]) -> None:
    """Name each method whose means leave the axes, at the edge where it leaves them."""
    n_above = n_below = 0
    for method, points in lines.items():
        above = [point for point in points if point.mean > limits[1] or (math.isnan(point.mean) and point.n_infinite)]
        below = [point for point in points if point.mean < limits[0]]
        for outside, edge in ((above, "above"), (below, "below")):
            if not outside:
                continue
            words = f"{styles[method].label}: {_range_words(outside)}, off the scale"
            line = n_above if edge == "above" else n_below
            y = 0.985 - 0.055 * line if edge == "above" else 0.015 + 0.055 * line
            align = "top" if edge == "above" else "bottom"
            x = 0.02 if edge == "above" else 0.98
            axes.text(
                x, y, ("▲ " if edge == "above" else "▼ ") + words, transform=axes.transAxes, va=align, fontsize=6.5,
                ha="left" if edge == "above" else "right", color=styles[method].color, zorder=6,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
            )  # fmt: skip
            n_above, n_below = n_above + (edge == "above"), n_below + (edge == "below")


def _range_words(points: Sequence[DoseMean]) -> str:
    finite = [point.mean for point in points if math.isfinite(point.mean)]
    if not finite:
        return "∞"
    low, high = (f"{value:.3g}".replace("-", "−") for value in (min(finite), max(finite)))
    return low if low == high else f"{low} to {high}"
