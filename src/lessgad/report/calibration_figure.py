# SPDX-License-Identifier: Apache-2.0
"""The paper's Figure 2: how a standard-dose scan is calibrated to the pre-contrast one, and a low dose simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.dose_fraction import percent
from lessgad.report.histogram_plot import Histogram, Peaks, draw_histogram, tidy_number, upper_intensity
from lessgad.report.preparation_images import PreparationImages, common_window, head_plane_box, window_of
from lessgad.report.slice_picture import scale_bar, show_plane, tumor_slice
from lessgad.report.style import BLUE, GREEN, INK, RED, new_figure, place, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN, GAP_IN, EDGE_IN, HISTOGRAM_IN, LABEL_IN = 2.0, 0.1, 0.06, 0.95, 1.25


def calibration_figure(study: PreparationImages, low_dose: Float[np.ndarray, "x y z"], dose: float) -> Figure:
    """Draw T1, T1ce, calibrated T1ce and a low-dose slice, over the three histograms on one intensity axis.

    An arrow leads from the second peak of the T1ce before calibration to where calibration puts it.

    Args:
        study: The images and their landmarks, as in the preparation picture.
        low_dose: The simulated scan on the same grid, in the T1's unit.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The figure.
    """
    k = tumor_slice(study.tumor, study.pre_contrast.shape[2])
    box, window = head_plane_box(study, k), common_window(study)
    before_window = window_of(study.standard_before, study.before_peaks)
    across, up = ((part.stop - part.start) * mm for part, mm in zip(box, study.spacing_mm[:2], strict=True))
    height = float(PANEL_IN * up / across)
    with styled():
        figure = new_figure(4 * PANEL_IN + 3 * GAP_IN + 2 * EDGE_IN, 0.3 + height + 0.25 + 3 * HISTOGRAM_IN + 0.5)
        for column, (title, image, shades) in enumerate(
            (
                ("(a) T1", study.pre_contrast, window),
                ("(b) T1ce", study.standard_before, before_window),
                ("(c) calibrated T1ce", study.standard_after, window),
                (f"(d) low dose, {percent(dose)}, simulated", low_dose, window),
            )
        ):
            axes = place(figure, EDGE_IN + column * (PANEL_IN + GAP_IN), 0.3, PANEL_IN, height)
            show_plane(axes, image[:, :, k][box], study.spacing_mm[:2], shades)
            axes.set_title(title)
            if column == 0:
                scale_bar(axes, 50.0)
        width = 4 * PANEL_IN + 3 * GAP_IN - LABEL_IN - 0.05
        tops = [0.3 + height + 0.25 + row * HISTOGRAM_IN for row in range(3)]
        _draw_rows(study, [place(figure, EDGE_IN + LABEL_IN, top, width, HISTOGRAM_IN * 0.96) for top in tops])
    return figure


def _draw_rows(study: PreparationImages, panels: list[Axes]) -> None:
    rows = (
        ("(a) T1", study.pre_contrast, study.pre_contrast_peaks, BLUE),
        ("(b) T1ce", study.standard_before, study.before_peaks, RED),
        ("(c) calibrated\nT1ce", study.standard_after, study.after_peaks, GREEN),
    )
    ends = [upper_intensity(image, peaks) for _, image, peaks, _ in rows]
    start = min(peaks.background for _, _, peaks, _ in rows) - 0.04 * max(ends)
    for row, (axes, (title, image, peaks, color)) in enumerate(zip(panels, rows, strict=True)):
        draw_histogram(axes, Histogram.of(image, peaks, ends[row]), peaks, color, labels=False)
        axes.set_xlim(start, max(ends))
        axes.tick_params(labelbottom=row == 2)
        axes.text(-0.015, 0.3, title, transform=axes.transAxes, ha="right", va="center", fontsize=8, color=color)
        marked = [("background", peaks.background), ("second peak", peaks.second)]
        for name, intensity in marked[row > 0 :]:
            if intensity is not None:
                words = f"{name} {tidy_number(intensity)}"
                axes.text(intensity + 0.012 * max(ends), 1.22, words, ha="left", va="bottom", fontsize=7)
    panels[2].set_xlabel("intensity")
    _draw_shift(panels[1], panels[2], study.before_peaks, study.after_peaks)


def _draw_shift(upper: Axes, lower: Axes, before: Peaks, after: Peaks) -> None:
    """Draw an arrow from the second peak before calibration down to the one after it."""
    from matplotlib.patches import ConnectionPatch

    if before.second is None or after.second is None:
        return
    arrow = ConnectionPatch(
        (before.second, 0.0),
        (after.second, 1.1),
        upper.transData,
        lower.transData,
        arrowstyle="-|>",
        color=INK,
        linewidth=1.0,
        mutation_scale=9,
        zorder=5,
    )
    upper.figure.add_artist(arrow)
    scale = (after.second - after.background) / (before.second - before.background)
    offset = after.background - scale * before.background
    sign = "−" if offset < 0 else "+"
    words = f"calibration: × {scale:.3g} {sign} {tidy_number(abs(offset))}"
    lower.text(0.995, 0.72, words, transform=lower.transAxes, ha="right", va="center", fontsize=8)
