# SPDX-License-Identifier: Apache-2.0
"""Low dose, restored and standard dose of two patients: the median one and the worst one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose_fraction import percent
from lessgad.report.slice_picture import show_plane, square_box, window_of_tumor
from lessgad.report.style import MUTED, new_figure, place, styled, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_IN, GAP_IN, EDGE_IN, LABEL_IN = 1.65, 0.04, 0.03, 0.27
SIDE_MM = 70.0
TITLES = ("low dose, {dose}", "restored from {dose}", "standard dose")


@dataclass(frozen=True, eq=False)
class PatientPlane:
    """The slice with the most tumor of one patient, first axis to the patient's right.

    Attributes:
        label: Which patient this is, and the value that ranks the patient.
        images: Low dose, restored, standard dose, on [−1, 1].
        tumor: Mask in the slice.
        spacing_mm: Pixel size along x and y.
        tissue_level: Signal of tissue over true zero, on the same scale.
    """

    label: str
    images: tuple[Float[np.ndarray, "x y"], ...]
    tumor: Bool[np.ndarray, "x y"]
    spacing_mm: tuple[float, float]
    tissue_level: float


def median_and_worst(values: Mapping[str, float]) -> tuple[str, str]:
    """Choose the patient whose value is the middle one and the patient with the lowest value.

    Args:
        values: One per patient, larger is better; at least one.

    Returns:
        The median patient (of an even number the upper middle), and the worst.
    """
    ranked = sorted(values, key=lambda patient: (values[patient], patient))
    return ranked[len(ranked) // 2], ranked[0]


def median_and_worst_figure(planes: Sequence[PatientPlane], dose: float) -> Figure:
    """Draw one row per patient: low dose, restored and standard dose, close up around the tumor.

    Args:
        planes: One slice for each patient.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The figure.
    """
    with styled():
        figure = new_figure(
            2 * EDGE_IN + 3 * (PANEL_IN + GAP_IN), LABEL_IN + len(planes) * (PANEL_IN + LABEL_IN + GAP_IN)
        )
        for column, words in enumerate(TITLES):
            left = EDGE_IN + column * (PANEL_IN + GAP_IN)
            write(figure, left, 0.05, words.format(dose=percent(dose)), 9.0, "bold")
        for row, plane in enumerate(planes):
            top = LABEL_IN + row * (PANEL_IN + LABEL_IN + GAP_IN)
            write(figure, EDGE_IN, top, plane.label, 8.5, color=MUTED)
            box = square_box(plane.tumor, plane.spacing_mm, SIDE_MM) if plane.tumor.any() else (slice(None),) * 2
            window = window_of_tumor((-1.0, -1 + 2.2 * plane.tissue_level), plane.images[-1], plane.tumor)
            for column, image in enumerate(plane.images):
                axes = place(figure, EDGE_IN + column * (PANEL_IN + GAP_IN), top + LABEL_IN - 0.06, PANEL_IN, PANEL_IN)
                axes.set_facecolor("black")
                show_plane(axes, np.asarray(image)[box], plane.spacing_mm, window, marks=column == 0, bar_mm=10.0)
    return figure
