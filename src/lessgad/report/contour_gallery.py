# SPDX-License-Identifier: Apache-2.0
"""The paper's Figure 5: what is drawn by hand and what the network outlines, on low-dose and restored images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, UInt8

from lessgad.dose_fraction import percent
from lessgad.report.slice_picture import gray_window, outline, scale_bar, show_plane, square_box
from lessgad.report.style import MUTED, new_figure, place, styled, write, write_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_IN, GAP_IN, EDGE_IN, LABEL_IN, WORDS_IN = 1.6, 0.06, 0.06, 0.22, 0.2
CLOSE_UP_MM = 36.0
#: Outlines of the regions, in their order; a reference is drawn in the same colors, dotted, in the first column alone.
COLORS = ("#ffb000", "#4fd1ff", "#7dff7a", "#ff7ad9", "#ffffff")


@dataclass(frozen=True, eq=False)
class Outlined:
    """One image in the slice shown, with the number of each pixel's region.

    Attributes:
        heading: Above it; may be empty.
        image: Intensities.
        labels: Numbers of regions.
        words: Below it: Dice of the whole tumor, or why there is none.
    """

    heading: str
    image: Float[np.ndarray, "x y"]
    labels: UInt8[np.ndarray, "x y"]
    words: str


@dataclass(frozen=True, eq=False)
class ContourStudy:
    """A slice of a study, all images on one grid and one intensity scale, first axis to the right.

    Attributes:
        title_lines: Bold first line, then plain ones; without identifiers.
        regions: Names, in the order of their numbers.
        first: Reference over the standard dose as segmented.
        columns: Low dose over restored, by dose.
        tumor: Mask around which the close-up is cut.
        spacing_mm: Pixel size along x and y.
        background: Intensity of air.
        second_peak: Intensity of most of the head's tissue.
    """

    title_lines: Sequence[str]
    regions: Sequence[str]
    first: tuple[Outlined, Outlined]
    columns: Sequence[tuple[Outlined, Outlined]]
    tumor: Bool[np.ndarray, "x y"]
    spacing_mm: tuple[float, float]
    background: float = -1.0
    second_peak: float | None = None


def contour_gallery(study: ContourStudy) -> Figure:
    """Draw the reference over the standard dose at the left, then low dose above and restored below at each dose."""
    box = square_box(study.tumor, study.spacing_mm, CLOSE_UP_MM)
    window = gray_window(study.first[0].image, study.background, study.second_peak)
    columns = (study.first, *study.columns)
    with styled():
        across, up = ((part.stop - part.start) * mm for part, mm in zip(box, study.spacing_mm, strict=True))
        height = PANEL_IN * up / across
        title_in = 0.19 * len(study.title_lines) + 0.08
        width = 2 * EDGE_IN + 2 * LABEL_IN + len(columns) * (PANEL_IN + GAP_IN)
        total = title_in + LABEL_IN + 2 * (height + WORDS_IN) + 0.36
        figure = new_figure(width, total)
        write_title(figure, EDGE_IN, study.title_lines)
        for number, column in enumerate(columns):
            left = EDGE_IN + LABEL_IN + number * (PANEL_IN + GAP_IN) + (LABEL_IN if number else 0)
            write(figure, left + PANEL_IN / 2, title_in + 0.04, column[0].heading, 8.5, align="center")
            for row, outlined in enumerate(column):
                top = title_in + LABEL_IN + row * (height + WORDS_IN)
                axes = place(figure, left, top, PANEL_IN, height)
                show_plane(axes, outlined.image[box], study.spacing_mm, window, marks=number == 0 and row == 0)
                for index in range(len(study.regions)):
                    outline(axes, outlined.labels[box] == index + 1, study.spacing_mm, COLORS[index % len(COLORS)])
                if number == 0:
                    scale_bar(axes, 10.0)
                write(figure, left + PANEL_IN / 2, top + height + 0.03, outlined.words, 7.0, align="center")
                if number < 2:
                    names = ("reference", "standard") if number == 0 else ("low dose", "restored")
                    _write_upright(figure, left - 0.11, top + height / 2, names[row])
        _write_legend(figure, study.regions)
    return figure


def dose_heading(dose: float) -> str:
    """Heading of the column of a dose."""
    return percent(dose)


def _write_legend(figure: Figure, regions: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=COLORS[k % len(COLORS)], linewidth=2.0) for k in range(len(regions))]
    legend = figure.legend(lines, list(regions), loc="lower left", ncols=len(regions), bbox_to_anchor=(0.01, 0.0))
    legend.set_frame_on(True)
    legend.get_frame().set(facecolor="#3a3a3d", edgecolor="none")
    for text in legend.get_texts():
        text.set_color("#f0f0f0")


def _write_upright(figure: Figure, left_in: float, middle_in: float, words: str) -> None:
    width, height = figure.get_size_inches()
    x, y = left_in / width, 1 - middle_in / height
    figure.text(x, y, words, rotation=90, ha="center", va="center", fontsize=8, color=MUTED)
