# SPDX-License-Identifier: Apache-2.0
"""False against missed enhancement over the threshold, methods at equal recovery."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lessgad.dose_fraction import percent
from lessgad.evaluation.patient_level import patient_means
from lessgad.evaluation.results.operating_points import OperatingRow
from lessgad.evaluation.results.table import RESTORED, method_order
from lessgad.report.enhancement_figures import PANEL_IN, method_styles, scale_volumes
from lessgad.report.style import MUTED, LineStyle, legend_below, new_figure, place, styled, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXPLANATION = (
    "Large marker: every method at recovery 1 and at the study's threshold. Closer to the lower left is better."
)
MOST_PANELS, LEAST_WIDTH_IN = 4, 8.0
Curves = Mapping[str, Sequence["MeanPoint"]]


@dataclass(frozen=True)
class MeanPoint:
    """False against missed enhancement of one method at one threshold.

    Attributes:
        relative_threshold: Threshold as a multiple of the study's, after scaling to recovery 1.
        false_ml: Mean over patients.
        missed_ml: Mean over patients.
    """

    relative_threshold: float
    false_ml: float
    missed_ml: float


def operating_curve_figure(
    rows: Iterable[OperatingRow], *, doses: Sequence[float] | None = None, subset: str = "test"
) -> Figure | None:
    """Draw false against missed enhancement over the threshold, one panel per dose.

    Each method's enhancement was scaled to recovery 1; its large marker is at the study's threshold, where methods are
    at equal recovery. Closer to the lower left is better. Means are over patients, of the studies in which all methods
    of a panel are defined.

    Args:
        rows: Measurements of any subset; those of `subset` are used.
        doses: Doses to draw; None draws up to four doses above 0.
        subset: Subset whose rows are used.

    Returns:
        The figure; None without data.
    """
    used = [row for row in rows if row.subset == subset]
    panels = {dose: mean_points([row for row in used if row.dose == dose]) for dose in {row.dose for row in used}}
    drawn = sorted(
        dose for dose, (curves, _) in panels.items() if curves and (dose > 0 if doses is None else dose in doses)
    )
    if not drawn:
        return None
    if doses is None and len(drawn) > MOST_PANELS:
        drawn = [drawn[round(index)] for index in np.linspace(0, len(drawn) - 1, MOST_PANELS)]
    shown = [panels[dose][0] for dose in drawn]
    styles = method_styles({method for curves in shown for method in curves})
    with styled():
        width = max(LEAST_WIDTH_IN, len(drawn) * (PANEL_IN + 0.3) + 0.4)
        figure = new_figure(width, PANEL_IN + 1.25)
        for column, dose in enumerate(drawn):
            axes = place(figure, 0.55 + column * (PANEL_IN + 0.3), 0.28, PANEL_IN, PANEL_IN)
            axes.set_title(f"{percent(dose)} of the dose, n = {panels[dose][1]}")
            for method, points in panels[dose][0].items():
                _draw_curve(axes, points, styles[method], front=method == RESTORED)
            scale_volumes(axes, "x", _largest(shown, "missed_ml"))
            scale_volumes(axes, "y", _largest(shown, "false_ml"))
            axes.set_xlabel("missed, ml")
            if column == 0:
                axes.set_ylabel("false, ml")
            else:
                axes.tick_params(labelleft=False)
        write(figure, 0.55, PANEL_IN + 0.74, EXPLANATION, color=MUTED)
        legend_below(figure, figure.axes[int(np.argmax([len(curves) for curves in shown]))])
    return figure


def mean_points(rows: Sequence[OperatingRow]) -> tuple[dict[str, list[MeanPoint]], int]:
    """Average the curves of one dose over patients; methods are in the order of the tables.

    A method that is defined in no study is left out; of the others, only studies in which all are defined are used.

    Args:
        rows: Rows of the table of operating points.

    Returns:
        Points of each method, and the number of patients.
    """
    values: dict[str, dict[tuple[str, str], list[OperatingRow]]] = {}
    for row in rows:
        if math.isfinite(row.false_ml) and math.isfinite(row.missed_ml):
            values.setdefault(row.method, {}).setdefault((row.patient, row.session), []).append(row)
    if not values:
        return {}, 0
    common = sorted(set.intersection(*(set(studies) for studies in values.values())))
    lines = {
        method: _mean_curve([row for study in common for row in values[method][study]])
        for method in sorted(values, key=method_order)
    }
    return ({} if not common else lines), len({patient for patient, _ in common})


def _mean_curve(rows: Sequence[OperatingRow]) -> list[MeanPoint]:
    points = []
    for threshold in sorted({row.relative_threshold for row in rows}):
        at = [row for row in rows if row.relative_threshold == threshold]
        patients = [row.patient for row in at]
        false, missed = (
            float(np.mean(list(patient_means(np.array(volumes, dtype=np.float64), patients).values())))
            for volumes in ([row.false_ml for row in at], [row.missed_ml for row in at])
        )
        points.append(MeanPoint(threshold, false, missed))
    return points


def _draw_curve(axes: Axes, points: Sequence[MeanPoint], style: LineStyle, *, front: bool) -> None:
    missed, false = [point.missed_ml for point in points], [point.false_ml for point in points]
    zorder = 4 if front else 3
    axes.plot(
        missed, false, color=style.color, linestyle=style.dashes, marker=style.marker, markersize=2.5, zorder=zorder
    )
    middle = [point for point in points if point.relative_threshold == 1]
    at = [point.missed_ml for point in middle], [point.false_ml for point in middle]
    axes.plot(*at, color=style.color, linestyle=style.dashes, marker=style.marker, markersize=7.5, label=style.label,
              markeredgecolor="white", markeredgewidth=0.8, zorder=zorder + 2)  # fmt: skip


def _largest(panels: Iterable[Curves], volume: str) -> float:
    return max(getattr(point, volume) for curves in panels for points in curves.values() for point in points)
