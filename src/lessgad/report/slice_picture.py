# SPDX-License-Identifier: Apache-2.0
"""Slices the way radiologists look at them: the patient's right on the left, anterior up, true proportions, on black.

Arrays are in transverse order: axis 0 runs to the patient's right, axis 1 to the front, axis 2 to
the head (RAS+).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Shaped

from lessgad.report.style import ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage

Box = tuple[slice, slice]
WHITE = 2.2  # relative to the second peak


def radiological(plane: Shaped[np.ndarray, "right up"]) -> Shaped[np.ndarray, "rows columns"]:
    """Turn a plane for display with the first row on top.

    The first axis (toward the patient's right) becomes columns from the picture's right to its
    left, the second (toward the front or the head) becomes rows from the bottom up.

    Args:
        plane: A plane with axes to the right and up.

    Returns:
        Rows and columns, the first row on top.
    """
    return plane[::-1, ::-1].T


def tumor_slice(tumor: Bool[np.ndarray, "x y z"] | None, n_slices: int) -> int:
    """Find the transverse slice with the most tumor, or the middle one without a tumor.

    Args:
        tumor: Mask of the tumor; None without one.
        n_slices: Number of slices.

    Returns:
        Index of the slice.
    """
    if tumor is None or not tumor.any():
        return n_slices // 2
    return int(tumor.sum(axis=(0, 1)).argmax())


def gray_window(
    image: Float[np.ndarray, "*shape"], background: float, second_peak: float | None = None
) -> tuple[float, float]:
    """Find the intensities shown as black and as white.

    Black is the background. White is the head's 99.3rd percentile, but at most 2.2 times the second
    peak: fat under the skin would make a dark picture of the brain.

    Args:
        image: Any unit.
        background: Intensity of air, same unit.
        second_peak: Intensity of most of the head's tissue, same unit, where it is known.

    Returns:
        Intensities of black and white.
    """
    values = image[image > background + 0.02 * (float(image.max()) - background)]
    white = float(np.percentile(values, 99.3)) if values.size else float(image.max())
    if second_peak is not None:
        white = min(white, background + WHITE * (second_peak - background))
    return float(background), white if white > background else float(background) + 1.0


def window_of_tumor(
    window: tuple[float, float], standard_dose: Float[np.ndarray, "*shape"], tumor: Bool[np.ndarray, "*shape"]
) -> tuple[float, float]:
    """Widen a gray window so that the structure of a bright tumor is visible.

    Args:
        window: Intensities of black and white.
        standard_dose: T1ce, in the unit of the window.
        tumor: Mask of the tumor; empty leaves the window as it is.

    Returns:
        Black as before; white at least at the 99th percentile of the tumor at the standard dose.
    """
    low, high = window
    return low, max(high, float(np.percentile(standard_dose[tumor], 99))) if tumor.any() else high


def box_around(mask: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float], margin_mm: float) -> Box:
    """Find the bounding box of a mask in a plane, with a margin; the whole plane for an empty mask.

    Args:
        mask: A mask.
        spacing_mm: In-plane spacing, in mm.
        margin_mm: Margin around the mask, in mm.

    Returns:
        The box.
    """
    if not mask.any():
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    bounds = []
    for axis in (0, 1):
        hit = np.flatnonzero(mask.any(axis=1 - axis))
        margin = round(margin_mm / spacing_mm[axis])
        bounds.append(slice(max(0, int(hit[0]) - margin), min(mask.shape[axis], int(hit[-1]) + 1 + margin)))
    return bounds[0], bounds[1]


def square_box(mask: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float], side_mm: float) -> Box:
    """Find a square around the mask's bounding box, a fifth larger and at least `side_mm` wide, inside the plane.

    Args:
        mask: A mask.
        spacing_mm: In-plane spacing, in mm.
        side_mm: Side of the square, in mm.

    Returns:
        The box.
    """
    box = box_around(mask, spacing_mm, 0.0)
    extent_mm = [(part.stop - part.start) * mm for part, mm in zip(box, spacing_mm, strict=True)]
    side_mm = max(side_mm, 1.2 * max(extent_mm))
    bounds = []
    for part, mm, n in zip(box, spacing_mm, mask.shape, strict=True):
        length = min(n, max(1, round(side_mm / mm)))
        start = min(max(0, (part.start + part.stop - length) // 2), n - length)
        bounds.append(slice(start, start + length))
    return bounds[0], bounds[1]


def show_plane(
    axes: Axes,
    plane: Float[np.ndarray, "right up"],
    spacing_mm: tuple[float, float],
    window: tuple[float, float],
    *,
    color_map: str | Colormap = "gray",
    contours: Mapping[str, Bool[np.ndarray, "right up"]] | None = None,
    marks: bool = True,
    bar_mm: float | None = None,
) -> AxesImage:
    """Draw a plane of a scan with its axes in millimeters.

    Args:
        axes: Axes to draw on; their frame and ticks are removed.
        plane: Intensities, first axis to the patient's right, second to the front or the head.
        spacing_mm: Pixel size along these two axes.
        window: Intensities shown as black and as white.
        color_map: Matplotlib color map.
        contours: Color → mask whose outline is drawn along pixel edges.
        marks: Write R and L into the upper corners.
        bar_mm: Length of a scale bar, where one is wanted.

    Returns:
        The drawn image.
    """
    width, height = (n * mm for n, mm in zip(plane.shape, spacing_mm, strict=True))
    drawn = axes.imshow(
        radiological(plane),
        cmap=color_map,
        vmin=window[0],
        vmax=window[1],
        extent=(0.0, width, height, 0.0),
        aspect="equal",
        interpolation="bicubic" if color_map == "gray" else "nearest",
    )
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    for color, mask in (contours or {}).items():
        outline(axes, mask, spacing_mm, color)
    if marks:
        for x, text, align in ((0.02, "R", "left"), (0.98, "L", "right")):
            axes.text(x, 0.98, text, transform=axes.transAxes, ha=align, va="top", color="#e8e8e8", fontsize=7)
    if bar_mm is not None:
        scale_bar(axes, bar_mm)
    return drawn


def outline(axes: Axes, mask: Bool[np.ndarray, "right up"], spacing_mm: tuple[float, float], color: str) -> None:
    """Draw the outline of a mask exactly along its pixel edges.

    Args:
        axes: Axes to draw into.
        mask: A mask in the plane.
        spacing_mm: In-plane spacing, in mm.
        color: Color of the line.
    """
    from matplotlib.collections import LineCollection

    seen = np.pad(radiological(mask).astype(np.int8), 1)
    dx, dy = spacing_mm
    rows, columns = np.nonzero(np.diff(seen, axis=1)[1:-1])
    segments = [((c * dx, r * dy), (c * dx, (r + 1) * dy)) for r, c in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(np.diff(seen, axis=0)[:, 1:-1])
    segments += [((c * dx, r * dy), ((c + 1) * dx, r * dy)) for r, c in zip(rows, columns, strict=True)]
    axes.add_collection(LineCollection(segments, colors=color, linewidths=0.8, capstyle="round"), autolim=False)


def frame(axes: Axes, box: Box, shape: Sequence[int], spacing_mm: tuple[float, float], color: str = ORANGE) -> None:
    """Draw the frame of a box (in array indices of the plane shown) on a plane drawn by `show_plane`.

    Args:
        axes: Axes to draw into.
        box: Box of the grid to compute in.
        shape: Number of pixels along each axis.
        spacing_mm: In-plane spacing, in mm.
        color: Color of the line.
    """
    from matplotlib.patches import Rectangle

    across, up = box
    left, top = (shape[0] - across.stop) * spacing_mm[0], (shape[1] - up.stop) * spacing_mm[1]
    width, height = (across.stop - across.start) * spacing_mm[0], (up.stop - up.start) * spacing_mm[1]
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=0.7))


def scale_bar(axes: Axes, length_mm: float) -> None:
    """Draw a bar of known length at the picture's lower left.

    Args:
        axes: Axes to draw into.
        length_mm: Length of the bar, in mm.
    """
    right, bottom = axes.get_xlim()[1], axes.get_ylim()[0]
    left, low = 0.04 * right, 0.965 * bottom
    axes.plot([left, left + length_mm], [low, low], color="#e8e8e8", linewidth=1.2, solid_capstyle="butt")
    words = f"{length_mm / 10:g} cm"
    axes.text(left, low - 0.015 * bottom, words, color="#e8e8e8", fontsize=6.5, ha="left", va="bottom")
