# SPDX-License-Identifier: Apache-2.0
"""How training went: loss and validation gain against the samples seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lessgad.report.style import BLUE, MUTED, RED, RULE, new_figure, place, styled, write_title
from lessgad.training.learning_curve import CurvePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def learning_curve(points: Sequence[CurvePoint], title_lines: Sequence[str] = ()) -> Figure:
    """Draw training loss and validation gain in PSNR against the samples seen.

    The best validation is marked.

    Args:
        points: One per validation; values that are not finite leave a gap.
        title_lines: Bold first line, then plain ones.

    Returns:
        The figure.
    """
    with styled():
        figure = new_figure(8.2, 2.75 + 0.19 * len(title_lines))
        top = write_title(figure, 0.06, title_lines) + 0.28
        samples = [point.n_samples for point in points]
        loss = place(figure, 0.5, top, 3.3, 1.9)
        loss.plot(samples, [point.training_loss for point in points], color=BLUE, marker="o", markersize=2.5)
        loss.set_title("training loss")
        loss.set_ylim(bottom=0)
        gain = place(figure, 4.65, top, 3.3, 1.9)
        gain.axhline(0, color=MUTED, linewidth=0.8)
        gains = [point.validation_gain_db for point in points]
        gain.plot(samples, gains, color=RED, marker="s", markersize=2.5)
        known = [point for point in points if math.isfinite(point.validation_gain_db)]
        if known:
            best = max(known, key=lambda point: point.validation_gain_db)
            gain.plot([best.n_samples], [best.validation_gain_db], "o", markersize=9, fillstyle="none", color=RED)
            words = f"{best.validation_gain_db:+.2f}".replace("-", "−")
            gain.set_title(f"validation: gain in PSNR over unrestored, dB (best {words})")
        for axes in (loss, gain):
            _samples_axis(axes)
    return figure


def _samples_axis(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlabel("training samples (patches seen)")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}".replace(",", "\u202f")))
    axes.grid(axis="y", color=RULE, linewidth=0.4, alpha=0.7)
    axes.set_axisbelow(True)
