# SPDX-License-Identifier: Apache-2.0
"""The paper's Figure 3: one study at rising doses, before and after restoration, whole slice and tumor close up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose_fraction import percent
from lessgad.report.slice_picture import (
    Box,
    box_around,
    frame,
    gray_window,
    outline,
    scale_bar,
    show_plane,
    square_box,
    window_of_tumor,
)
from lessgad.report.style import MUTED, ORANGE, new_figure, place, styled, write, write_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WANTED_DOSES = (0.1, 0.3, 0.5, 0.7, 0.9)
PANEL_IN, GAP_IN, EDGE_IN, LABEL_IN, SCORE_IN, DOSES_IN = 1.55, 0.05, 0.06, 0.22, 0.34, 0.2
CLOSE_UP_MM = 40.0


@dataclass(frozen=True)
class Score:
    """Similarity of an image to the standard dose: PSNR in dB and SSIM over the tumor's box of the volume."""

    psnr_db: float
    ssim: float

    def __str__(self) -> str:
        psnr = "∞ dB" if np.isposinf(self.psnr_db) else f"{self.psnr_db:.1f} dB"
        return f"{psnr}\nSSIM {self.ssim:.3f}"


@dataclass(frozen=True, eq=False)
class DosePlane:
    """One dose of one study in the slice shown."""

    dose: float
    low_dose: Float[np.ndarray, "x y"]
    restored: Float[np.ndarray, "x y"]
    low_dose_score: Score | None
    restored_score: Score | None


@dataclass(frozen=True, eq=False)
class GalleryStudy:
    """One transverse slice of a study, all images on one grid and one intensity scale, first axis to the right.

    Attributes:
        title_lines: Bold first line, then plain ones; without identifiers.
        pre_contrast: T1.
        standard_dose: T1ce.
        planes: The doses; see `gallery_doses`.
        tumor: The tumor in this slice; the close-up is cut around it, or in the middle where it is empty.
        spacing_mm: Pixel size along x and y.
        background: Intensity of air (−1 once normalized).
        second_peak: Intensity of most of the head's tissue (−1/3 once normalized, as settings are by default).
    """

    title_lines: Sequence[str]
    pre_contrast: Float[np.ndarray, "x y"]
    standard_dose: Float[np.ndarray, "x y"]
    planes: Sequence[DosePlane]
    tumor: Bool[np.ndarray, "x y"]
    spacing_mm: tuple[float, float]
    background: float = -1.0
    second_peak: float | None = -1 / 3


def gallery_doses(available: Iterable[float]) -> tuple[float, ...]:
    """Choose up to five doses to show: those of the paper, or five evenly spread over the doses of the experiment.

    Args:
        available: Doses of the experiment, 0–1.

    Returns:
        The doses, 0–1.
    """
    doses = sorted(set(available))
    wanted = tuple(dose for dose in doses if any(abs(dose - other) < 1e-6 for other in WANTED_DOSES))
    if len(wanted) >= min(len(doses), 3):
        return wanted
    picked = sorted({round(i) for i in np.linspace(0, len(doses) - 1, min(5, len(doses)))})
    return tuple(doses[i] for i in picked)


def dose_gallery(study: GalleryStudy) -> Figure:
    """Draw T1 over T1ce at the left, then low dose above and restored below at each dose, with a close-up of each.

    Whole slices share one gray window, and close-ups share one that shows the structure of a bright tumor. The frame
    shows where the close-up lies, PSNR and SSIM stand below it.

    Args:
        study: Images of the study.

    Returns:
        The figure.
    """
    whole = _head(study)
    close = square_box(study.tumor, study.spacing_mm, CLOSE_UP_MM)
    window = gray_window(study.standard_dose, study.background, study.second_peak)
    windows = window, window_of_tumor(window, study.standard_dose, study.tumor)
    with styled():
        heights = [PANEL_IN * _aspect(box, study.spacing_mm) for box in (whole, close)]
        columns = 1 + len(study.planes)
        title_in = 0.19 * len(study.title_lines) + 0.08
        total = title_in + LABEL_IN + 2 * sum(heights) + 3 * GAP_IN + 2 * SCORE_IN + 0.12
        figure = new_figure(2 * EDGE_IN + LABEL_IN + columns * (PANEL_IN + GAP_IN) + DOSES_IN, total)
        write_title(figure, EDGE_IN, study.title_lines)
        tops = _tops(title_in + LABEL_IN, heights)
        _draw_column(figure, study, 0, "", (study.pre_contrast, study.standard_dose), tops, heights, windows)
        for column, plane in enumerate(study.planes, start=1):
            images = (plane.low_dose, plane.restored)
            left = _draw_column(figure, study, column, percent(plane.dose), images, tops, heights, windows)
            for top, score in ((tops[2], plane.low_dose_score), (tops[3], plane.restored_score)):
                if score is not None:
                    write(figure, left + PANEL_IN / 2, top + heights[1] + 0.04, str(score), 7.0, align="center")
        for row, top in enumerate(tops):
            left = EDGE_IN + LABEL_IN + PANEL_IN + GAP_IN + DOSES_IN
            name = "low dose" if row % 2 == 0 else "restored"
            _write_upright(figure, left - 0.11, top + heights[row // 2] / 2, name)
            _write_upright(figure, EDGE_IN + 0.08, top + heights[row // 2] / 2, ("T1", "T1ce")[row % 2])
    return figure


def _draw_column(
    figure: Figure,
    study: GalleryStudy,
    column: int,
    heading: str,
    images: tuple[Float[np.ndarray, "x y"], Float[np.ndarray, "x y"]],
    tops: Sequence[float],
    heights: Sequence[float],
    windows: tuple[tuple[float, float], tuple[float, float]],
) -> float:
    left = EDGE_IN + LABEL_IN + column * (PANEL_IN + GAP_IN) + (DOSES_IN if column else 0.0)
    whole, close = _head(study), square_box(study.tumor, study.spacing_mm, CLOSE_UP_MM)
    inside = tuple(
        slice(part.start - outer.start, part.stop - outer.start) for part, outer in zip(close, whole, strict=True)
    )
    for row, top in enumerate(tops):
        box, image = (whole, close)[row // 2], images[row % 2][(whole, close)[row // 2]]
        axes = place(figure, left, top, PANEL_IN, heights[row // 2])
        show_plane(axes, image, study.spacing_mm, windows[row // 2], marks=row == 0 and column == 0)
        if row < 2:
            frame(axes, (inside[0], inside[1]), image.shape, study.spacing_mm)
        if column == 0 and row == 1:
            scale_bar(axes, 50.0)
        if column == 0 and row == 3:
            outline(axes, study.tumor[box], study.spacing_mm, ORANGE)
            scale_bar(axes, 10.0)
    write(figure, left + PANEL_IN / 2, tops[0] - 0.17, heading, 8.5, align="center")
    return left


def _tops(first: float, heights: Sequence[float]) -> list[float]:
    whole, close = heights
    second = first + whole + GAP_IN
    third = second + whole + 2 * GAP_IN
    return [first, second, third, third + close + SCORE_IN]


def _head(study: GalleryStudy) -> Box:
    top = float(np.percentile(study.standard_dose, 99))
    head = study.standard_dose > study.background + 0.08 * (top - study.background)
    head[square_box(study.tumor, study.spacing_mm, CLOSE_UP_MM)] = True
    return box_around(head, study.spacing_mm, 4.0)


def _aspect(box: Box, spacing_mm: tuple[float, float]) -> float:
    across, up = ((part.stop - part.start) * mm for part, mm in zip(box, spacing_mm, strict=True))
    return float(up / across)


def _write_upright(figure: Figure, left_in: float, middle_in: float, words: str) -> None:
    width, height = figure.get_size_inches()
    x, y = left_in / width, 1 - middle_in / height
    figure.text(x, y, words, rotation=90, ha="center", va="center", fontsize=8, color=MUTED)
