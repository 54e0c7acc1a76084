# SPDX-License-Identifier: Apache-2.0
"""results/overlap.csv: one row per study, dose, image and region; other programs read it."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.rows import ImageRow
from lessgad.evaluation.results.table import RESTORED, UNRESTORED, ResultTable, method_order

STANDARD, LOW = "standard", "low"
TUMOR = "tumor"


@dataclass(frozen=True)
class OverlapRow(ImageRow):
    """How a region that was segmented in one image covers the reference mask; NaN where undefined.

    Attributes:
        region: Region as in experiment.yaml, or ``tumor``: their union.
        dice: Dice of prediction and reference; 0 where one is empty, NaN where both are.
        hd95_mm: 95 % Hausdorff distance.
        asd_mm: Average symmetric surface distance.
        volume_ml: Volume of the prediction in ml.
        volume_error_ml: Volume minus that of the reference, in ml.
    """

    region: str
    dice: float
    hd95_mm: float
    asd_mm: float
    volume_ml: float
    volume_error_ml: float

    @property
    def reference_ml(self) -> float:
        """Volume of the reference; rounding errors of the difference are cleared."""
        volume = self.volume_ml - self.volume_error_ml
        return volume if volume > 1e-9 else 0.0

    @property
    def missed(self) -> bool:
        """Whether there is a reference, and no voxel of it was found."""
        return self.dice == 0 and self.reference_ml > 0

    @property
    def false(self) -> bool:
        """Whether something was found where there is no reference."""
        return self.volume_ml > 0 and self.reference_ml == 0


def image_of_method(method: str) -> str:
    """Name the image of a method as the table does."""
    return LOW if method == UNRESTORED else method


def method_of_image(image: str) -> str:
    """Name the method of an image as the other tables do."""
    return UNRESTORED if image == LOW else image


def image_order(image: str) -> tuple[int, str]:
    """Give the sort key of an image: standard, low, the baselines, restored, then external ones by name.

    Args:
        image: Name of the image.

    Returns:
        Rank and name.
    """
    return (-1, image) if image == STANDARD else method_order(method_of_image(image))


_TABLE = ResultTable(OverlapRow, "a table of overlaps", ("patient", "session", "dose", "image", "region"))
COLUMNS = _TABLE.columns
write_overlap = _TABLE.write
read_overlap = _TABLE.read
__all__ = [
    "COLUMNS",
    "LOW",
    "RESTORED",
    "STANDARD",
    "TUMOR",
    "OverlapRow",
    "image_of_method",
    "image_order",
    "method_of_image",
    "read_overlap",
    "write_overlap",
]
