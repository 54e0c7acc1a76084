# SPDX-License-Identifier: Apache-2.0
"""The paper's Figure 4: Dice and surface distances against dose, region by region, low-dose and restored images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from lessgad.evaluation.patient_level import N_RESAMPLES, cluster_bootstrap_interval, patient_means
from lessgad.evaluation.results.overlap import LOW, RESTORED, STANDARD, TUMOR, OverlapRow, method_of_image
from lessgad.report.style import MUTED, RULE, legend_below, line_style, new_figure, place, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Metric = Literal["dice", "hd95_mm", "asd_mm"]
METRIC_NAMES: dict[Metric, str] = {"dice": "Dice", "hd95_mm": "HD95, mm", "asd_mm": "ASD, mm"}
PANEL_IN, HEIGHT_IN = (2.35, 1.75)
_LEFT_IN, _TOP_IN, _GAP_X_IN, _GAP_Y_IN, _FOOT_IN = 0.55, 0.3, 0.45, 0.38, 0.78
_APART = 0.6  # of the two bars of one dose, in per cent of the dose


@dataclass(frozen=True)
class PatientMean:
    """One metric of one image: its mean over patients, their means, and the interval where there are ten of them."""

    patients: dict[str, float]
    mean: float
    interval: tuple[float, float] | None


def overlap_figure(
    rows: Sequence[OverlapRow], regions: Sequence[str], *, seed: int, n_resamples: int = N_RESAMPLES
) -> Figure | None:
    """Draw a grid, metrics from top to bottom, regions and the whole tumor from left to right.

    Points are means over patients; bars are 95 % confidence intervals from 10 patients on, under that thin lines are
    single patients. The gray line is the standard dose: what the network itself can do. Values that do not exist
    (distances where one mask is empty) are left out.

    Args:
        rows: Rows of the studies to show.
        regions: Regions in the order of experiment.yaml.
        seed: Seed of the bootstrap.
        n_resamples: Draws of it.

    Returns:
        None where there is nothing to draw.
    """
    doses = sorted({row.dose for row in rows if row.image in (LOW, RESTORED)})
    if not doses:
        return None
    columns = [*(region for region in regions if region != TUMOR), TUMOR]
    metrics: tuple[Metric, ...] = get_args(Metric)
    with styled():
        width = _LEFT_IN + len(columns) * (PANEL_IN + _GAP_X_IN)
        figure = new_figure(width, _TOP_IN + len(metrics) * (HEIGHT_IN + _GAP_Y_IN) + _FOOT_IN - _GAP_Y_IN)
        for line, metric in enumerate(metrics):
            for column, region in enumerate(columns):
                left, top = _LEFT_IN + column * (PANEL_IN + _GAP_X_IN), _TOP_IN + line * (HEIGHT_IN + _GAP_Y_IN)
                axes = place(figure, left, top, PANEL_IN, HEIGHT_IN)
                chosen = [row for row in rows if row.region == region]
                _draw(axes, chosen, metric, doses, seed, n_resamples)
                if line == 0:
                    axes.set_title("whole tumor" if region == TUMOR else region)
                if column == 0:
                    axes.set_ylabel(METRIC_NAMES[metric])
                if line == len(metrics) - 1:
                    axes.set_xlabel("dose, % of standard")
        legend_below(figure, figure.axes[0])
    return figure


def patient_mean(rows: Sequence[OverlapRow], metric: Metric, seed: int, n_resamples: int) -> PatientMean:
    """Average one metric of one image of one region over patients.

    Args:
        rows: Rows of the overlap table.
        metric: The metric.
        seed: Random seed.
        n_resamples: Number of bootstrap draws.

    Returns:
        The mean with its interval.
    """
    values = np.array([getattr(row, metric) for row in rows], dtype=np.float64)
    patients = patient_means(values, [row.patient for row in rows])
    means = np.array(list(patients.values()), dtype=np.float64)
    mean = float(means.mean()) if means.size else math.nan
    return PatientMean(patients, mean, cluster_bootstrap_interval(means, seed, n_resamples))


def _draw(
    axes: Axes, rows: Sequence[OverlapRow], metric: Metric, doses: Sequence[float], seed: int, n_resamples: int
) -> None:
    ceiling = patient_mean([row for row in rows if row.image == STANDARD], metric, seed, n_resamples)
    axes.axhline(ceiling.mean, color=MUTED, linewidth=1.0, label="standard dose", zorder=1)
    for side, image in ((-_APART, LOW), (_APART, RESTORED)):
        style = line_style(method_of_image(image))
        of_image = [row for row in rows if row.image == image]
        points = [
            patient_mean([row for row in of_image if row.dose == dose], metric, seed, n_resamples) for dose in doses
        ]
        at = [100 * dose + side for dose in doses]
        means = np.array([point.mean for point in points])
        axes.plot(
            at, means, color=style.color, linestyle=style.dashes, marker=style.marker, label=style.label, zorder=4
        )
        if any(point.interval for point in points):
            bounds = np.array([point.interval or (math.nan, math.nan) for point in points])
            reach = np.maximum(np.abs(bounds.T - means), 0)
            axes.errorbar(at, means, yerr=reach, fmt="none", ecolor=style.color, elinewidth=1.0, capsize=2.0, zorder=3)
        else:
            for patient in sorted({patient for point in points for patient in point.patients}):
                values = [point.patients.get(patient, math.nan) for point in points]
                axes.plot(at, values, color=style.color, linewidth=0.5, alpha=0.4, zorder=2)
    percents = [100 * dose for dose in doses]
    axes.set_xlim(percents[0] - 4, percents[-1] + 4)
    axes.set_xticks(percents if len(percents) <= 11 else percents[:: len(percents) // 10])
    if metric == "dice":
        axes.set_ylim(-0.03, 1.03)
    else:
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=RULE, linewidth=0.4, alpha=0.7)
    axes.set_axisbelow(True)
