# SPDX-License-Identifier: Apache-2.0
"""What all figures share: colors that color-blind readers can tell apart, type sizes, PNG output."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

INK = "#1d1d1f"
MUTED = "#6b6b70"
RULE = "#c9c9ce"
RED = "#c1272d"
BLUE = "#0b5fa5"
ORANGE = "#d98200"
GREEN = "#00805f"
PURPLE = "#8a4f9e"
BROWN = "#7a5230"
DOTS_PER_INCH = 130

_RC: Any = {  # typed as a closed set of keys in some versions of Matplotlib, not in others
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 5.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class LineStyle:
    """Line style of one method in all figures.

    Attributes:
        label: The method's name for people.
        color: Hex color.
        dashes: Matplotlib line style.
        marker: Matplotlib marker.
    """

    label: str
    color: str
    dashes: Any
    marker: str


_METHODS = {
    "unrestored": LineStyle("unrestored low dose", BLUE, (0, (4, 2)), "o"),
    "restored": LineStyle("restored", RED, "-", "s"),
    "subtract_and_scale": LineStyle("subtract and scale", ORANGE, (0, (1, 1.2)), "^"),
    "denoise": LineStyle("denoised", GREEN, (0, (6, 1.5, 1, 1.5)), "v"),
    "denoise_and_scale": LineStyle("denoised, subtract and scale", PURPLE, (0, (3, 1, 1, 1, 1, 1)), "D"),
    "gaussian_and_scale": LineStyle("3D Gaussian, subtract and scale", BROWN, (0, (5, 1)), "p"),
    "repeat": LineStyle("standard dose, repeat scan", INK, "-", "*"),
}
_EXTERNAL = (("#3d3d40", "-", "P"), ("#5b9bd0", "-", "X"), ("#a67c00", "-", "*"), ("#7b8f3a", "-", "h"))


def line_style(method: str, n_external: int = 0) -> LineStyle:
    """Choose the line style of a method; an unknown name is an external method.

    Args:
        method: Name as in results/similarity.csv.
        n_external: How many external methods came before this one in the figure.

    Returns:
        The style.
    """
    if method in _METHODS:
        return _METHODS[method]
    color, dashes, marker = _EXTERNAL[n_external % len(_EXTERNAL)]
    return LineStyle(method, color, dashes, marker)


def is_external(method: str) -> bool:
    """Whether a method is none of lessgad's own."""
    return method not in _METHODS


def styled() -> AbstractContextManager[None]:
    """Give the context in which figures are built and drawn; Matplotlib's settings outside it are not changed."""
    import matplotlib

    return matplotlib.rc_context(_RC)


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make an empty white figure that pyplot does not know.

    Args:
        width_in: Width, in inches.
        height_in: Height, in inches.

    Returns:
        The figure.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH)


def place(figure: Figure, left_in: float, top_in: float, width_in: float, height_in: float) -> Axes:
    """Add axes at a place counted from the upper left corner of the figure.

    Args:
        figure: The figure.
        left_in: Distance from the left edge, in inches.
        top_in: Distance from the top edge, in inches.
        width_in: Width, in inches.
        height_in: Height, in inches.

    Returns:
        The axes.
    """
    width, height = figure.get_size_inches()
    axes: Axes = figure.add_axes(
        (left_in / width, 1 - (top_in + height_in) / height, width_in / width, height_in / height)
    )
    return axes


def write(
    figure: Figure,
    left_in: float,
    top_in: float,
    words: str,
    size: float = 8.0,
    weight: str = "normal",
    color: str = INK,
    align: str = "left",
) -> None:
    """Write words with their upper left at a place in inches, counted from the figure's upper left.

    Args:
        figure: The figure.
        left_in: Distance from the left edge, in inches.
        top_in: Distance from the top edge, in inches.
        words: The text to write.
        size: Font size, in points.
        weight: Font weight.
        color: Color of the line.
        align: Horizontal alignment.
    """
    width, height = figure.get_size_inches()
    figure.text(
        left_in / width, 1 - top_in / height, words, fontsize=size, fontweight=weight, color=color, va="top", ha=align
    )


def write_title(figure: Figure, left_in: float, lines: Sequence[str]) -> float:
    """Write a bold first line and plain further lines at the top.

    Args:
        figure: The figure.
        left_in: Distance from the left edge, in inches.
        lines: Lines of the title.

    Returns:
        Height of the title, in inches.
    """
    for line, words in enumerate(lines):
        weight, size = ("bold", 9.5) if line == 0 else ("normal", 8.0)
        write(figure, left_in, 0.05 + 0.19 * line, words, size, weight)
    return 0.08 + 0.19 * len(lines) if lines else 0.0


def legend_below(figure: Figure, axes: Axes) -> None:
    """Name the lines of axes under all panels, four in a row; further rows hang below the figure.

    Args:
        figure: The figure.
        axes: Axes to draw into.
    """
    handles, labels = axes.get_legend_handles_labels()
    top = 0.27 / figure.get_size_inches()[1]
    figure.legend(
        handles, labels, loc="upper center", bbox_to_anchor=(0.5, top), ncols=min(len(labels), 4), handlelength=3.2,
        columnspacing=1.6, borderaxespad=0.0,
    )  # fmt: skip


def to_png(figure: Figure) -> bytes:
    """Draw a figure as PNG, the same bytes for the same figure."""
    return png_bytes(drawn(figure, DOTS_PER_INCH))


def to_svg(figure: Figure) -> str:
    """Draw a figure as SVG with its letters as outlines, the same text for the same figure."""
    import matplotlib

    stream = io.StringIO()
    with styled(), matplotlib.rc_context({"svg.hashsalt": "lessgad", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def drawn(figure: Figure, dots_per_inch: int) -> Image:
    """Draw a figure as an RGB image, with the same pixels for the same figure.

    Args:
        figure: The figure.
        dots_per_inch: Resolution.

    Returns:
        The image.
    """
    from PIL import Image

    stream = io.BytesIO()
    with styled():
        figure.savefig(stream, format="png", dpi=dots_per_inch, pil_kwargs={"compress_level": 0})
    return Image.open(stream).convert("RGB")


def png_bytes(image: Image) -> bytes:
    """Encode an image as PNG; the smallest file would take four times as long and be 2 % smaller."""
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()
