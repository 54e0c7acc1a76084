# SPDX-License-Identifier: Apache-2.0
"""One study at one dose as an eye sees it: whole slices at the tumor and where the restored image is worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose_fraction import percent
from lessgad.report.slice_picture import box_around, show_plane
from lessgad.report.style import MUTED, new_figure, place, styled, write, write_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_IN, GAP_IN, EDGE_IN, LABEL_IN = 1.55, 0.05, 0.06, 0.2
SHOWN_DIFFERENCE = 0.3  # of the signal of tissue, black to white
MARGIN_MM = 4.0
COLUMNS = ("T1", "low dose", "restored", "standard dose", "restored − standard")


@dataclass(frozen=True, eq=False)
class SheetSlice:
    """One transverse slice, first axis to the patient's right.

    Attributes:
        label: Name of the slice, with its error.
        images: T1, low dose, restored, standard dose, on [−1, 1].
        head: Foreground in the slice.
    """

    label: str
    images: tuple[Float[np.ndarray, "x y"], ...]
    head: Bool[np.ndarray, "x y"]


def slice_errors(
    restored: Float[np.ndarray, "x y z"],
    standard_dose: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    tissue_level: float,
) -> Float[np.ndarray, " z"]:
    """Compute the root mean square error of each slice over its head, relative to the signal of tissue.

    Args:
        restored: Restored image, on [−1, 1].
        standard_dose: Standard-dose image, on [−1, 1].
        head: Foreground of the image.
        tissue_level: Level of tissue on the scale of [−1, 1].

    Returns:
        Error of each slice; 0 without head.
    """
    squares = np.where(head, (np.asarray(restored, np.float64) - standard_dose) ** 2, 0).sum(axis=(0, 1))
    n_voxels = np.maximum(head.sum(axis=(0, 1)), 1)
    return np.sqrt(squares / n_voxels) / tissue_level


def worst_slice(errors: Float[np.ndarray, " z"], head: Bool[np.ndarray, "x y z"]) -> int:
    """Choose the slice with the largest error among those with at least half as much head as the fullest.

    Args:
        errors: Error of each slice.
        head: Foreground of the image.

    Returns:
        Index of the slice.
    """
    sizes = head.sum(axis=(0, 1))
    return int(np.argmax(np.where(sizes >= 0.5 * sizes.max(), errors, -1)))


def whole_image_sheet(
    name: str, dose: float, slices: tuple[SheetSlice, ...], spacing_mm: tuple[float, float], tissue_level: float
) -> Figure:
    """Draw one row for each slice: T1, low dose, restored, standard dose, and restored − standard dose.

    Args:
        name: Name of the study.
        dose: Dose of the low-dose scan.
        slices: Slices from top to bottom.
        spacing_mm: Pixel size along x and y.
        tissue_level: Signal of tissue on the scale of [−1, 1], true zero at 0.

    Returns:
        The figure.
    """
    box = box_around(np.any([one.head for one in slices], axis=0), spacing_mm, MARGIN_MM)
    n_x, n_y = (part.stop - part.start for part in box)
    tall = PANEL_IN * n_y * spacing_mm[1] / (n_x * spacing_mm[0])
    lines = [
        f"{name}, restored from {percent(dose)}",
        "whole slices; the difference is shown from −30 % to +30 % of tissue",
    ]
    with styled():
        top = 0.08 + 0.19 * len(lines)
        width = 2 * EDGE_IN + len(COLUMNS) * (PANEL_IN + GAP_IN)
        figure = new_figure(width, top + LABEL_IN + len(slices) * (tall + GAP_IN + LABEL_IN))
        write_title(figure, EDGE_IN, lines)
        for column, words in enumerate(COLUMNS):
            write(figure, EDGE_IN + column * (PANEL_IN + GAP_IN), top, words, 7.5, color=MUTED)
        window = -1.0, -1 + 2.2 * tissue_level
        limit = SHOWN_DIFFERENCE * tissue_level
        for row, one in enumerate(slices):
            y = top + LABEL_IN + row * (tall + GAP_IN + LABEL_IN)
            write(figure, EDGE_IN, y, one.label, 7.5)
            _, _, restored, standard = one.images
            planes = (*one.images, np.where(one.head, restored - standard, 0))
            for column, plane in enumerate(planes):
                axes = place(figure, EDGE_IN + column * (PANEL_IN + GAP_IN), y + LABEL_IN, PANEL_IN, tall)
                shown = (-limit, limit) if column == len(planes) - 1 else window
                show_plane(axes, np.asarray(plane)[box], spacing_mm, shown, marks=column == 0)
    return figure
