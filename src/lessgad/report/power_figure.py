# SPDX-License-Identifier: Apache-2.0
"""The power of a further experiment against its number of patients, one line per dose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lessgad.dose_fraction import percent
from lessgad.evaluation.results.power import PowerRow
from lessgad.report.style import MUTED, new_figure, place, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_IN, HEIGHT_IN = 4.6, 3.0
USUAL_POWER = 0.8


def power_figure(rows: Sequence[PowerRow], endpoint: str) -> Figure:
    """Draw the power of every dose against the number of patients.

    Args:
        rows: Rows of any endpoint; those of `endpoint` are drawn.
        endpoint: Endpoint as in the table.

    Returns:
        The figure.
    """
    import matplotlib

    used = [row for row in rows if row.endpoint == endpoint]
    doses = sorted({row.dose for row in used}, reverse=True)
    with styled():
        figure = new_figure(WIDTH_IN + 0.9, HEIGHT_IN + 0.85)
        axes = place(figure, 0.6, 0.3, WIDTH_IN, HEIGHT_IN)
        axes.set_title("Probability that a dose is shown to be sufficient")
        colors = matplotlib.colormaps["viridis"]
        for index, dose in enumerate(doses):
            points = [(row.n_patients, row.power) for row in used if row.dose == dose]
            color = colors(0.9 * index / max(1, len(doses) - 1))
            axes.plot(*zip(*points, strict=True), color=color, label=percent(dose))
        axes.axhline(USUAL_POWER, color=MUTED, linewidth=0.8, zorder=1)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("test patients")
        axes.legend(title="dose", loc="upper left")
    return figure
