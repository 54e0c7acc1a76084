# SPDX-License-Identifier: Apache-2.0
"""One study's preparation on one sheet, for a person to check: alignment, calibration, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.report.histogram_plot import Histogram, draw_histogram, tidy_number, upper_intensity
from lessgad.report.preparation_images import (
    FRAME_MM,
    PreparationImages,
    above_background,
    common_window,
    head_plane_box,
    window_of,
)
from lessgad.report.slice_picture import (
    Box,
    box_around,
    outline,
    scale_bar,
    show_plane,
    tumor_slice,
)
from lessgad.report.style import BLUE, GREEN, ORANGE, RED, new_figure, place, styled, write_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

PANEL_IN, GAP_IN, EDGE_IN, HISTOGRAM_IN = 2.72, 0.1, 0.06, 1.2
TILE_MM = 20.0


def preparation_picture(study: PreparationImages, title_lines: Sequence[str] = ()) -> Figure:
    """Draw a study's preparation: scans over their histograms, then the difference and two checkerboards.

    First row: T1, T1ce before and after calibration, in one transverse slice through the tumor (the
    middle one where there is none); each before its own gray window, T1 and calibrated T1ce before
    the same. Second row: their histograms over the whole volume, background and second peak marked.
    Third row: calibrated T1ce − T1 (neutral at zero), and tiles taken in turn from T1 and calibrated
    T1ce, transverse and coronal, where edges that do not meet show misalignment.

    Args:
        study: The images.
        title_lines: Bold first line, then plain ones; without identifiers.

    Returns:
        The figure.
    """
    sheet = _Sheet.of(study)
    with styled():
        in_plane_in = PANEL_IN * _aspect(sheet.box, study.spacing_mm[:2])
        coronal_in = PANEL_IN * _aspect(sheet.coronal_box, (study.spacing_mm[0], study.spacing_mm[2]))
        tops = _row_tops(len(title_lines), in_plane_in)
        figure = new_figure(3 * PANEL_IN + 2 * GAP_IN + 2 * EDGE_IN, tops[2] + max(in_plane_in, coronal_in) + 0.45)
        write_title(figure, EDGE_IN, title_lines)
        columns = [[_panel(figure, column, top, in_plane_in) for top in (tops[0], tops[2])] for column in range(3)]
        columns[2][1].remove()
        _draw_scans(study, sheet, [column[0] for column in columns])
        _draw_histograms(study, [_panel(figure, column, tops[1], HISTOGRAM_IN) for column in range(3)])
        _draw_difference(study, sheet, columns[0][1])
        _draw_tiles(study, sheet, columns[1][1], _panel(figure, 2, tops[2], coronal_in))
    return figure


@dataclass(frozen=True)
class _Sheet:
    """Which part of the study is shown."""

    k: int
    j: int
    box: Box
    coronal_box: Box
    window: tuple[float, float]

    @staticmethod
    def of(study: PreparationImages) -> _Sheet:
        k = tumor_slice(study.tumor, study.pre_contrast.shape[2])
        plane = study.tumor[:, :, k] if study.tumor is not None else np.zeros((1, 1), dtype=bool)
        j = int(plane.sum(axis=0).argmax()) if plane.any() else study.pre_contrast.shape[1] // 2
        coronal = (study.spacing_mm[0], study.spacing_mm[2])
        head = above_background(study.pre_contrast[:, j], study.pre_contrast_peaks)
        coronal_box = box_around(head, coronal, FRAME_MM)
        return _Sheet(k, j, head_plane_box(study, k), coronal_box, common_window(study))


def _row_tops(n_title_lines: int, in_plane_in: float) -> tuple[float, float, float]:
    first = 0.36 + 0.19 * n_title_lines
    second = first + in_plane_in + 0.16
    return first, second, second + HISTOGRAM_IN + 0.72


def _panel(figure: Figure, column: int, top_in: float, height_in: float) -> Axes:
    return place(figure, EDGE_IN + column * (PANEL_IN + GAP_IN), top_in, PANEL_IN, height_in)


def _aspect(box: Box, spacing_mm: tuple[float, float]) -> float:
    across, up = ((part.stop - part.start) * mm for part, mm in zip(box, spacing_mm, strict=True))
    return float(up / across)


def checkerboard(
    one: Float[np.ndarray, "a b"], other: Float[np.ndarray, "a b"], spacing_mm: tuple[float, float], tile_mm: float
) -> Float[np.ndarray, "a b"]:
    """Combine two images in alternating square tiles; the first tile comes from `one`.

    Args:
        one: The first image.
        other: The second image.
        spacing_mm: In-plane spacing, in mm.
        tile_mm: Side of a tile, in mm.

    Returns:
        The combined image.
    """
    a, b = (np.floor(np.arange(n) * mm / tile_mm) for n, mm in zip(one.shape, spacing_mm, strict=True))
    return np.where((a[:, None] + b[None, :]) % 2 == 0, one, other)


def _draw_scans(study: PreparationImages, sheet: _Sheet, panels: Sequence[Axes]) -> None:
    before_window = window_of(study.standard_before, study.before_peaks)
    for axes, (title, image, shades) in zip(
        panels,
        (
            ("T1 (pre-contrast)", study.pre_contrast, sheet.window),
            ("T1ce aligned, before calibration", study.standard_before, before_window),
            ("T1ce after calibration", study.standard_after, sheet.window),
        ),
        strict=True,
    ):
        show_plane(axes, image[:, :, sheet.k][sheet.box], study.spacing_mm[:2], shades)
        axes.set_title(title)
        if study.tumor is not None:
            outline(axes, study.tumor[:, :, sheet.k][sheet.box], study.spacing_mm[:2], ORANGE)
    scale_bar(panels[0], 50.0)


def _draw_histograms(study: PreparationImages, panels: Sequence[Axes]) -> None:
    pre, after = study.pre_contrast_peaks, study.after_peaks
    shared_end = max(upper_intensity(study.pre_contrast, pre), upper_intensity(study.standard_after, after))
    before_end = upper_intensity(study.standard_before, study.before_peaks)
    before = Histogram.of(study.standard_before, study.before_peaks, before_end)
    target = Histogram.of(study.pre_contrast, pre, shared_end)
    for axes, histogram, peaks, color, unit in (
        (panels[0], target, pre, BLUE, "T1"),
        (panels[1], before, study.before_peaks, RED, "T1ce"),
        (panels[2], Histogram.of(study.standard_after, after, shared_end), after, GREEN, "T1"),
    ):
        draw_histogram(axes, histogram, peaks, color)
        axes.set_xlabel(f"intensity in the unit of the {unit}", fontsize=7.5, labelpad=2)
    panels[2].stairs(np.minimum(target.heights, 1.2), target.edges, color=BLUE, linewidth=0.9)
    panels[2].text(0.99, 0.62, "T1", color=BLUE, transform=panels[2].transAxes, ha="right", fontsize=7.5)
    panels[2].text(0.99, 0.5, "calibrated T1ce", color=GREEN, transform=panels[2].transAxes, ha="right", fontsize=7.5)


def _draw_difference(study: PreparationImages, sheet: _Sheet, axes: Axes) -> None:
    difference = study.standard_after[:, :, sheet.k][sheet.box] - study.pre_contrast[:, :, sheet.k][sheet.box]
    reach = 0.5 * (sheet.window[1] - sheet.window[0])
    drawn = show_plane(axes, difference, study.spacing_mm[:2], (-reach, reach), color_map=_diverging())
    axes.set_title("calibrated T1ce − T1")
    place_below = axes.inset_axes((0.0, -0.055, 1.0, 0.022))
    bar = axes.figure.colorbar(drawn, cax=place_below, orientation="horizontal", ticks=[-reach, 0, reach])
    bar.ax.set_xticklabels([f"−{tidy_number(reach)}", "no difference", f"+{tidy_number(reach)}"])
    first, _, last = bar.ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    bar.ax.tick_params(labelsize=7, length=0, pad=2)
    bar.outline.set_visible(False)


def _draw_tiles(study: PreparationImages, sheet: _Sheet, transverse: Axes, coronal: Axes) -> None:
    x_mm, y_mm, z_mm = study.spacing_mm
    pre, post = study.pre_contrast, study.standard_after
    for axes, title, one, other, spacing_mm in (
        (
            transverse,
            "tiles of T1 and T1ce, transverse",
            pre[:, :, sheet.k][sheet.box],
            post[:, :, sheet.k][sheet.box],
            (x_mm, y_mm),
        ),
        (
            coronal,
            "tiles of T1 and T1ce, coronal",
            pre[:, sheet.j][sheet.coronal_box],
            post[:, sheet.j][sheet.coronal_box],
            (x_mm, z_mm),
        ),
    ):
        show_plane(axes, checkerboard(one, other, spacing_mm, TILE_MM), spacing_mm, sheet.window)
        axes.set_title(title)


def _diverging() -> Colormap:
    """Blue below zero, orange above, black at zero: what does not change disappears into the background."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("difference", ["#7cc0ff", "#0f62b0", "#000000", "#b05000", "#ffc27a"])
