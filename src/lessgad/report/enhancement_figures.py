# SPDX-License-Identifier: Apache-2.0
"""Recovered, false and missed enhancement, against the dose."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lessgad.evaluation.patient_level import N_RESAMPLES, cluster_bootstrap_interval, patient_means
from lessgad.evaluation.results.enhancement import EnhancementRow
from lessgad.evaluation.results.table import RESTORED, UNRESTORED, method_order
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

PANEL_IN, HEIGHT_IN = (2.45, 2.6)
LINEAR_ML = 0.1  # below it the axes of volumes are linear, so that none at all can be shown
LOWEST_RECOVERY, HIGHEST_RECOVERY = -0.1, 1.5


def enhancement_against_dose(
    rows: Iterable[EnhancementRow], *, seed: int, n_resamples: int = N_RESAMPLES, subset: str = "test"
) -> Figure | None:
    """Draw recovery, false and missed enhancement against dose.

    Lines are means over patients; each patient counts once, with the mean of their studies, and undefined values are
    left out. With 10 patients or more, bands show the 95 % confidence intervals of the unrestored and the restored
    images. With fewer, thin lines show single patients. Volumes are on a logarithmic axis that is linear below 0.1 ml.

    Args:
        rows: Measurements of any subset; those of `subset` are used.
        seed: Seed of the bootstrap.
        n_resamples: Draws of it.
        subset: Subset whose rows are used.

    Returns:
        The figure; None without data.
    """
    used = [row for row in rows if row.subset == subset]
    if not used:
        return None
    panels: list[tuple[str, Callable[[EnhancementRow], float]]] = [
        ("recovery of enhancement", lambda row: row.recovery),
        ("false enhancement, ml", lambda row: row.false_ml),
        ("missed enhancement, ml", lambda row: row.missed_ml),
    ]
    with styled():
        figure = new_figure(3 * PANEL_IN + 1.35, HEIGHT_IN + 0.95)
        for column, (title, value) in enumerate(panels):
            axes = place(figure, 0.4 + column * (PANEL_IN + 0.42), 0.28, PANEL_IN, HEIGHT_IN)
            axes.set_title(title)
            _draw_against_dose(axes, used, value, seed, n_resamples)
            if column == 0:
                axes.axhline(1, color=MUTED, linewidth=0.8, zorder=1)
                low, high = axes.get_ylim()
                axes.set_ylim(max(low, LOWEST_RECOVERY), min(max(high, 1.05), HIGHEST_RECOVERY))
            else:
                scale_volumes(axes, "y")
        legend_below(figure, figure.axes[0])
    return figure


def _draw_against_dose(
    axes: Axes, rows: Sequence[EnhancementRow], value: Callable[[EnhancementRow], float], seed: int, n_resamples: int
) -> None:
    styles = method_styles({row.method for row in rows})
    doses = sorted({row.dose for row in rows})
    for method, style in styles.items():
        patients = []
        for dose in doses:
            at = [row for row in rows if (row.method, row.dose) == (method, dose)]
            values = np.array([value(row) for row in at], dtype=np.float64)
            patients.append(patient_means(values, [row.patient for row in at]))
        means = [float(np.mean(list(at.values()))) if at else math.nan for at in patients]
        percents = [100 * dose for dose in doses]
        axes.plot(
            percents, means, color=style.color, linestyle=style.dashes, marker=style.marker, label=style.label,
            zorder=4 if method == RESTORED else 3,
        )  # fmt: skip
        if method in (UNRESTORED, RESTORED):
            _draw_spread(axes, percents, patients, style, seed, n_resamples)
    axes.set_xlim(100 * doses[0] - 4, 100 * doses[-1] + 4)
    axes.set_xticks([100 * dose for dose in (doses if len(doses) <= 11 else doses[:: len(doses) // 10])])
    axes.set_xlabel("dose, % of standard")
    axes.grid(axis="y", color=RULE, linewidth=0.4, alpha=0.7)
    axes.set_axisbelow(True)


def _draw_spread(
    axes: Axes,
    percents: Sequence[float],
    patients: Sequence[Mapping[str, float]],
    style: LineStyle,
    seed: int,
    n_resamples: int,
) -> None:
    intervals = [
        cluster_bootstrap_interval(np.array(list(at.values()), dtype=np.float64), seed, n_resamples) for at in patients
    ]
    if any(interval is not None for interval in intervals):
        lower, upper = zip(*[interval or (math.nan, math.nan) for interval in intervals], strict=True)
        axes.fill_between(percents, lower, upper, color=style.color, alpha=0.16, linewidth=0)
        return
    for patient in sorted({patient for at in patients for patient in at}):
        values = [at.get(patient, math.nan) for at in patients]
        axes.plot(percents, values, color=style.color, linewidth=0.5, alpha=0.45, zorder=2)


def scale_volumes(axes: Axes, axis: str, largest_ml: float | None = None) -> None:
    """Make an axis of volumes logarithmic above 0.1 ml and linear below, from 0 to beyond the largest.

    Args:
        axes: Axes to draw on; unless `largest_ml` is given, their contents decide where they end.
        axis: x or y.
        largest_ml: End of the axes, in ml.
    """
    from matplotlib.ticker import FuncFormatter, NullLocator

    drawn = [np.asarray(line.get_xdata() if axis == "x" else line.get_ydata(), dtype=float) for line in axes.lines]
    finite = np.concatenate([values[np.isfinite(values)] for values in drawn] or [np.zeros(1)])
    largest = max(1.0, float(finite.max(initial=0.0)) if largest_ml is None else largest_ml)
    scale, limit, ticks = (getattr(axes, f"set_{axis}{what}") for what in ("scale", "lim", "ticks"))
    scale("symlog", linthresh=LINEAR_ML, linscale=0.6)
    limit(-0.02, 1.6 * largest)
    ticks([0, *10.0 ** np.arange(-1, math.floor(math.log10(largest)) + 1)])
    ruler = axes.xaxis if axis == "x" else axes.yaxis
    ruler.set_major_formatter(FuncFormatter(lambda volume, _: f"{volume:g}"))
    ruler.set_minor_locator(NullLocator())
    axes.grid(color=RULE, linewidth=0.4, alpha=0.7)
    axes.set_axisbelow(True)


def method_styles(methods: Iterable[str]) -> dict[str, LineStyle]:
    """Say how each method is drawn, in the order of the tables."""
    ordered = sorted(methods, key=method_order)
    externals = [method for method in ordered if is_external(method)]
    return {method: line_style(method, externals.index(method) if method in externals else 0) for method in ordered}
