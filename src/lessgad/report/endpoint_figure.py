# SPDX-License-Identifier: Apache-2.0
"""The one figure of the first screen: how many patients meet each endpoint, against the dose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lessgad.report.style import BLUE, INK, MUTED, RED, RULE, new_figure, place, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN, HEIGHT_IN, GAP_IN = 1.75, 1.05, 0.72
COLUMNS = 2
LEFT_IN, TITLE_IN, BOTTOM_IN = 0.62, 0.55, 1.25
AXIS_IN = 0.3  # below each panel, for its ticks
TITLE_PT, LABEL_PT = 9.5, 9.0


@dataclass(frozen=True)
class EndpointPoint:
    """Result of an endpoint at a dose.

    Attributes:
        dose: Fraction of the standard dose; 0 is the negative control, 1 a second scan at the standard dose.
        share: Share of the patients that meet the endpoint.
        bound: Lower confidence bound of that share among all patients; None where it is not known.
        n_patients: Patients with a value.
        passed: Whether it is shown that enough patients meet the endpoint.
    """

    dose: float
    share: float
    bound: float | None
    n_patients: int
    passed: bool


@dataclass(frozen=True)
class EndpointCurve:
    """One endpoint at all doses.

    Attributes:
        name: The endpoint with its margin, e.g. ``recovery ≥ 0.9``.
        needed: Share of all patients that have to meet the endpoint.
        points: Points by rising dose.
    """

    name: str
    needed: float
    points: tuple[EndpointPoint, ...]


def endpoint_figure(curves: Sequence[EndpointCurve]) -> Figure | None:
    """Draw one panel for each endpoint.

    Filled squares: shown to be met; open circles: not shown; gray: the controls without contrast and at the
    standard dose. A line goes down from each mark to the confidence bound, which has to end above the dashed line.
    The share that the dashed line stands for is written beside it.

    Args:
        curves: Endpoints against dose.

    Returns:
        The figure; None without data.
    """
    drawn = [curve for curve in curves if any(point.n_patients for point in curve.points)]
    if not drawn:
        return None
    n_rows = math.ceil(len(drawn) / COLUMNS)
    n_columns = min(len(drawn), COLUMNS)
    with styled():
        figure = new_figure(
            LEFT_IN + n_columns * (PANEL_IN + GAP_IN), n_rows * (HEIGHT_IN + TITLE_IN + AXIS_IN) + BOTTOM_IN - 0.3
        )
        for number, curve in enumerate(drawn):
            row, column = divmod(number, COLUMNS)
            top = TITLE_IN + row * (HEIGHT_IN + TITLE_IN + AXIS_IN)
            axes = place(figure, LEFT_IN + column * (PANEL_IN + GAP_IN), top, PANEL_IN, HEIGHT_IN)
            _draw(axes, curve, left=column == 0, bottom=number + COLUMNS >= len(drawn))
        _legend(figure, drawn)
    return figure


def has_bounds(curves: Sequence[EndpointCurve]) -> bool:
    """Tell whether any mark has a confidence bound; with few patients there is none."""
    return any(point.bound is not None for curve in curves for point in curve.points if point.n_patients)


def has_control(curves: Sequence[EndpointCurve]) -> bool:
    """Tell whether any curve has the control without contrast."""
    return any(point.dose == 0 for curve in curves for point in curve.points if point.n_patients)


def _draw(axes: Axes, curve: EndpointCurve, *, left: bool, bottom: bool) -> None:
    axes.set_title(_wrapped(curve.name), fontsize=TITLE_PT, pad=9)
    axes.axhline(100 * curve.needed, color=MUTED, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
    for point in curve.points:
        if not point.n_patients:
            continue
        x, y = 100 * point.dose, 100 * point.share
        color, marker, filled = _mark(point)
        if point.bound is not None:
            axes.plot([x, x], [100 * point.bound, y], color=color, linewidth=1.1, zorder=2)
            axes.plot([x - 1.6, x + 1.6], [100 * point.bound] * 2, color=color, linewidth=1.1, zorder=2)
        axes.plot(
            [x], [y], marker=marker, color=color, markersize=5.5, markeredgewidth=1.2, linestyle="none",
            markerfacecolor=color if filled else "white", zorder=3, clip_on=False,
        )  # fmt: skip
    axes.annotate(
        f"needed:\n> {100 * curve.needed:.0f} %", (1.03, 100 * curve.needed), xycoords=("axes fraction", "data"),
        fontsize=LABEL_PT, color=MUTED, va="center", ha="left", linespacing=1.15, annotation_clip=False,
    )  # fmt: skip
    axes.set_xlim(-5, 105)
    axes.set_ylim(-4, 104)
    axes.set_xticks([0, 20, 40, 60, 80, 100])
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.tick_params(labelsize=LABEL_PT)
    if bottom:
        axes.set_xlabel("dose, % of standard", fontsize=LABEL_PT)
    axes.grid(axis="y", color=RULE, linewidth=0.4, alpha=0.7)
    axes.set_axisbelow(True)
    if left:
        axes.set_ylabel("patients, %", fontsize=LABEL_PT)
    else:
        axes.set_yticklabels([])


def _mark(point: EndpointPoint) -> tuple[str, str, bool]:
    """Color, shape, and whether it is filled."""
    if point.dose in (0.0, 1.0):
        return MUTED, "D", point.dose == 1.0
    return (BLUE, "s", True) if point.passed else (RED, "o", False)


def _legend(figure: Figure, curves: Sequence[EndpointCurve]) -> None:
    from matplotlib.lines import Line2D

    points = [point for curve in curves for point in curve.points if point.n_patients]
    doses = {point.dose for point in points}
    tested = [point for point in points if point.dose not in (0.0, 1.0)]

    def handle(color: str, marker: str, label: str, *, filled: bool) -> Line2D:
        return Line2D(
            [], [], color=color, marker=marker, markerfacecolor=color if filled else "white", linestyle="none",
            markersize=5.5, markeredgewidth=1.2, label=label,
        )  # fmt: skip

    handles = [
        *([handle(BLUE, "s", "demonstrated", filled=True)] if any(p.passed for p in tested) else []),
        *([handle(RED, "o", "not demonstrated", filled=False)] if any(not p.passed for p in tested) else []),
        *([handle(MUTED, "D", "0 %: no contrast", filled=False)] if 0.0 in doses else []),
        *([handle(MUTED, "D", "100 %: repeat scan", filled=True)] if 1.0 in doses else []),
        *([Line2D([], [], color=INK, linewidth=1.1, label="to the confidence bound")] if has_bounds(curves) else []),
        Line2D([], [], color=MUTED, linestyle=(0, (4, 2)), label="share needed"),
    ]
    figure.legend(handles=handles, loc="lower left", ncols=2, fontsize=LABEL_PT, columnspacing=1.4, handlelength=1.8)


def _wrapped(words: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(words, 30))
