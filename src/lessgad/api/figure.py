# SPDX-License-Identifier: Apache-2.0
"""One figure of a study for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lessgad.image_like import ImageLike, as_volume
from lessgad.preparation.head import head_box, head_mask
from lessgad.report.slice_picture import gray_window, radiological, tumor_slice
from lessgad.volume import check_same_grid, in_transverse_order

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LARGEST_DIFFERENCE = 0.5  # of the width of the gray window


def show(
    pre_contrast: ImageLike,
    low_dose: ImageLike | None = None,
    restored: ImageLike | None = None,
    standard_dose: ImageLike | None = None,
    *,
    tumor: ImageLike | None = None,
    slice_index: int | None = None,
) -> Figure:
    """Draw a transverse slice of T1, low dose, restored image, standard dose, and restored − standard dose.

    All images share one gray window, and the patient's right is on the left.

    Args:
        pre_contrast: T1.
        low_dose: Low dose on the same grid and intensity scale.
        restored: Restored image on the same grid and intensity scale.
        standard_dose: T1ce on the same grid and intensity scale.
        tumor: Mask of the tumor; its largest slice is drawn.
        slice_index: Number of the slice from the feet, from 0; None takes that of the tumor, or the middle.

    Returns:
        A matplotlib figure with one panel per given image, and the difference where it can be formed.

    Raises:
        VolumeError: The images are on different grids, or one cannot be used.
    """
    from matplotlib.figure import Figure

    names = {"T1": pre_contrast, "low dose": low_dose, "restored": restored, "standard dose": standard_dose}
    volumes = {name: in_transverse_order(as_volume(image)) for name, image in names.items() if image is not None}
    t1 = volumes["T1"]
    for volume in volumes.values():
        check_same_grid(volume, t1, "The images are not on one grid (lessgad.register aligns them)")
    mask = None if tumor is None else in_transverse_order(as_volume(tumor, labels=True)).array > 0
    index = tumor_slice(mask, t1.array.shape[2]) if slice_index is None else slice_index
    lowest = min(0.0, float(t1.array.min()))
    x, y, _ = head_box(head_mask(np.asarray(t1.array) - lowest, t1.spacing_mm)).slices
    planes = {name: np.asarray(volume.array[x, y, index]) for name, volume in volumes.items()}
    last = list(volumes.values())[-1]
    black, white = gray_window(np.asarray(last.array), lowest)
    if "restored" in planes and "standard dose" in planes:
        planes["restored − standard dose"] = planes["restored"] - planes["standard dose"]
    figure = Figure(figsize=(2.6 * len(planes), 3.2), layout="constrained")
    for axes, (name, plane) in zip(figure.subplots(1, len(planes), squeeze=False)[0], planes.items(), strict=True):
        reach = _LARGEST_DIFFERENCE * (white - black)
        window = ("RdBu_r", -reach, reach) if "−" in name else ("gray", black, white)
        axes.imshow(radiological(plane), cmap=window[0], vmin=window[1], vmax=window[2], aspect=_aspect(t1.spacing_mm))
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    return figure


def _aspect(spacing_mm: tuple[float, float, float]) -> float:
    return spacing_mm[1] / spacing_mm[0]
