# SPDX-License-Identifier: Apache-2.0
"""What `lessgad view` shows: studies, their figures, their images, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int16

ImageKind = Literal["image", "labels", "signed", "positive"]


@dataclass(frozen=True)
class Figure:
    """One figure that the list of studies is sorted by.

    Attributes:
        key: Name in the data of the page.
        label: Heading of the column, with unit.
        decimals: Decimals shown.
        worst: The worse end of the figure.
    """

    key: str
    label: str
    decimals: int
    worst: Literal["low", "high"]


@dataclass(frozen=True)
class ListedStudy:
    """One row of the list.

    Attributes:
        name: Pseudonym of the study.
        note: Subset, or another word on the study.
        figures: Value of each figure, by label of the dose.
    """

    name: str
    note: str = ""
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownDose:
    """A dose of the slider.

    Attributes:
        label: Label as in file names, e.g. ``dose10``.
        words: For people, e.g. ``10 %``.
    """

    label: str
    words: str


@dataclass(frozen=True)
class ShownImage:
    """One image of a study.

    Attributes:
        key: Name in addresses.
        title: Title for display.
        kind: ``image`` has a panel; the others are overlays: labels as contours, signed and positive maps as color.
        by_dose: Whether there is one for each dose.
        is_reference: Whether other images are compared with this one in difference mode.
        labels: Names of the labels 1, 2 and so on, for the legend; empty if unknown.
    """

    key: str
    title: str
    kind: ImageKind = "image"
    by_dose: bool = False
    is_reference: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lesion:
    """Mask of the lesion.

    Attributes:
        slice: Transverse slice with its largest area, counted from the feet.
        center_mm: Center of the lesion in that slice, in mm from the middle of the image: to the right and downward
            on the screen.
        extent_mm: Larger side of its box in that slice, in mm.
    """

    slice: int
    center_mm: tuple[float, float]
    extent_mm: float


@dataclass(frozen=True)
class ShownStudy:
    """One study as a page shows it.

    Attributes:
        name: Pseudonym.
        shape: Columns, rows, slices.
        spacing_mm: Between columns, rows, slices.
        tissue: Stored value of the tissue level of the T1; window and level are percentages of it.
        lesion: Place of the lesion; None without a mask.
        doses: Doses of the slider, ascending; empty where nothing depends on the dose.
        images: Images in the order of the panels, followed by overlays.
    """

    name: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    tissue: int
    lesion: Lesion | None
    doses: tuple[ShownDose, ...]
    images: tuple[ShownImage, ...]


@runtime_checkable
class StudySource(Protocol):
    """A source of studies; it writes nothing."""

    @property
    def title(self) -> str:
        """Name of the collection, for the page."""

    @property
    def notice(self) -> str:
        """A note on all images, such as that they show faces; may be empty."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Columns of the list."""

    @property
    def doses(self) -> tuple[ShownDose, ...]:
        """Doses that the list can be shown at."""

    @property
    def studies(self) -> tuple[ListedStudy, ...]:
        """Rows of the list."""

    def study(self, number: int) -> ShownStudy:
        """Describe a study by its place in the list.

        Args:
            number: Number of the study in the list.

        Returns:
            The study.

        Raises:
            LessgadError: A file is missing or damaged.
        """

    def voxels(self, number: int, key: str, dose: str) -> Int16[np.ndarray, "z y x"] | None:
        """Give an image in the order in which a screen is filled.

        Args:
            number: Place of the study in the list.
            key: Key of the image.
            dose: Label of the dose; empty for images that do not depend on it.

        Returns:
            The voxels, (z, y, x); None if there is no such image.

        Raises:
            LessgadError: A file is damaged.
        """


def lesion_of(tumor: Bool[np.ndarray, "x y z"] | None, spacing_mm: tuple[float, float, float]) -> Lesion | None:
    """Find the lesion as seen on the screen: the patient's right at the left, anterior up.

    Args:
        tumor: Mask in transverse order.
        spacing_mm: Along x, y, z.

    Returns:
        The lesion; None without a mask.
    """
    if tumor is None or not tumor.any():
        return None
    number = int(tumor.sum(axis=(0, 1)).argmax())
    plane = np.argwhere(tumor[:, :, number])
    low, high = plane.min(axis=0), plane.max(axis=0)
    middle = (np.asarray(tumor.shape[:2]) - 1) / 2
    offset = (middle - (low + high) / 2) * np.asarray(spacing_mm[:2])  # both axes are turned round on the screen
    extent = float(((high - low + 1) * np.asarray(spacing_mm[:2])).max())
    return Lesion(number, (float(offset[0]), float(offset[1])), extent)
