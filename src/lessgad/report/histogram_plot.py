# SPDX-License-Identifier: Apache-2.0
"""The intensity histogram of a scan with the two landmarks that calibration goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.report.style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 128


@dataclass(frozen=True)
class Peaks:
    """The landmarks of one image's histogram, in that image's intensity unit.

    Attributes:
        background: Intensity of air, the first peak.
        second: Intensity of the second peak, which most of the head's tissue makes; None where none stands out.
    """

    background: float
    second: float | None


@dataclass(frozen=True)
class Histogram:
    """Counts of voxels per intensity, scaled so that the highest bin of the head (not of the air) is 1.

    Attributes:
        edges: Bin edges, intensity, about `BINS` + 1 of them.
        heights: Relative counts; the background's bins rise far above 1.
    """

    edges: Float[np.ndarray, " edges"]
    heights: Float[np.ndarray, " bins"]

    @staticmethod
    def of(image: Float[np.ndarray, "*shape"], peaks: Peaks, upper: float) -> Histogram:
        """Count the voxels of an image between slightly below the background and `upper`.

        Args:
            image: The image.
            peaks: Background and second peak of the histogram.
            upper: Upper end of the intensity axis.

        Returns:
            The histogram.
        """
        lower = peaks.background - 0.06 * (upper - peaks.background)
        counts, edges = np.histogram(image, bins=_edges(image, lower, upper))
        middle = (edges[:-1] + edges[1:]) / 2
        landmark = peaks.second if peaks.second is not None else upper
        head = counts[middle > (peaks.background + landmark) / 2]
        scale = float(head.max()) if head.size and head.max() > 0 else float(max(counts.max(), 1))
        return Histogram(edges, counts / scale)


def _edges(image: Float[np.ndarray, "*shape"], lower: float, upper: float) -> Float[np.ndarray, " edges"]:
    """Bin edges midway between the levels of an image of coarse gray levels, which would comb the histogram."""
    width = (upper - lower) / BINS
    levels = np.unique(image.ravel()[:: max(1, image.size // 200_000)].astype(np.float64))
    steps = np.diff(levels[(levels >= lower) & (levels <= upper)])
    step = float(np.median(steps)) if steps.size else 0.0
    if step < width / 16 or (upper - lower) / step < 8:
        return np.linspace(lower, upper, BINS + 1)
    width = step * np.ceil(width / step)
    origin = float(levels[0]) - step / 2
    start = origin + width * np.floor((lower - origin) / width)
    return start + width * np.arange(int(np.ceil((upper - start) / width)) + 1)


def upper_intensity(image: Float[np.ndarray, "*shape"], peaks: Peaks) -> float:
    """Find the upper end of a histogram's axis: the head's 99.5th percentile, within 1.5 to 3 times the second peak.

    Args:
        image: The image.
        peaks: Background and second peak of the histogram.

    Returns:
        The intensity.
    """
    head = image[image > peaks.background + 0.02 * (float(image.max()) - peaks.background)]
    end = float(np.percentile(head, 99.5)) if head.size else float(image.max())
    if peaks.second is not None:
        height = peaks.second - peaks.background
        end = min(max(end, peaks.background + 1.5 * height), peaks.background + 3 * height)
    return end if end > peaks.background else peaks.background + 1.0


def draw_histogram(axes: Axes, histogram: Histogram, peaks: Peaks, color: str, *, labels: bool = True) -> None:
    """Draw a histogram as a filled outline with its landmarks as dashed lines.

    The background's bar is cut at the top, for it would flatten everything else.

    Args:
        axes: Axes to draw into.
        histogram: The histogram.
        peaks: Background and second peak of the histogram.
        color: Color of the line.
        labels: Whether the peaks are labeled.
    """
    top = 1.42
    heights = np.minimum(histogram.heights, 1.2)
    axes.stairs(heights, histogram.edges, fill=True, color=color, alpha=0.22, linewidth=0)
    axes.stairs(heights, histogram.edges, color=color, linewidth=1.0)
    axes.set_xlim(histogram.edges[0], histogram.edges[-1])
    axes.set_ylim(0, top)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.spines["left"].set_visible(False)
    marked = [("background", peaks.background)]
    if peaks.second is not None:
        marked.append(("second peak", peaks.second))
    for name, intensity in marked:
        axes.plot([intensity, intensity], [0, 1.24], color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        if labels:
            words = f"{name}\n{tidy_number(intensity)}"
            axes.text(intensity, 1.26, words, ha="left", va="bottom", fontsize=7, linespacing=1.1)


def tidy_number(value: float) -> str:
    """Three significant digits at most, no exponent for everyday sizes, no negative zero."""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    words = f"{value:.3g}"
    return "0" if words in {"-0", "0"} else words.replace("-", "−")
