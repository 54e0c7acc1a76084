# SPDX-License-Identifier: Apache-2.0
"""The mask of a study: which image it was drawn on, what its labels mean, whether it lies in the head."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool

from lessgad.errors import StudyError, VolumeError
from lessgad.preparation.prepared_study import Regions
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.scan_checks import TRUST_IT, OrientationUnknown
from lessgad.volume import Volume, in_transverse_order, read_volume, same_grid, with_axes_of

if TYPE_CHECKING:
    from lessgad.preparation.carried_labels import CarriedTumor

PRE_CONTRAST_SPACES = {"t1", "t1w"}
STANDARD_DOSE_SPACES = {"ce", "cet1w", "t1ce", "t1wce", "cegadolinium", "cegadoliniumt1w", "gadolinium", "t1gd"}
LEAST_INSIDE_HEAD = 0.5
MOST_NAMED = 10


@dataclass(frozen=True, eq=False)
class Mask:
    """Labels, and the image whose grid they are on.

    Attributes:
        labels: Labels as in the file, with the order and direction of axes that the image has.
        on_standard_dose: Whether they were drawn on the T1ce; else on the T1.
    """

    labels: Volume
    on_standard_dose: bool


def read_mask(
    path: Path,
    space: str | None,
    pre_contrast: Volume,
    standard_dose: Volume,
    orientation_unknown: OrientationUnknown = "refuse",
) -> Mask:
    """Read a mask and find out which image it belongs to.

    ``space-`` in its name decides; without it, the grid: the T1's, or else the T1ce's. The order and direction of its
    axes may differ from those of the image.

    Args:
        path: The file to read.
        space: Value of the entity ``space`` in the file name; None without one.
        pre_contrast: T1.
        standard_dose: T1ce.
        orientation_unknown: What to do with a mask of unknown orientation.

    Returns:
        The mask, and the image on whose grid it is.

    Raises:
        StudyError: It names neither image, is on the grid of neither, or it is unknown how it lies in space.
        VolumeError: It cannot be read.
    """
    read = read_volume(path, labels=True)
    if orientation_unknown == "refuse" and not read.frame.is_known:
        raise StudyError(
            "The header of the mask does not say how it lies in space (codes of 0)", path=path, remedy=TRUST_IT
        )
    if space is None:
        on_standard_dose = not same_grid(with_axes_of(read, pre_contrast), pre_contrast)
    elif space.lower() in PRE_CONTRAST_SPACES | STANDARD_DOSE_SPACES:
        on_standard_dose = space.lower() in STANDARD_DOSE_SPACES
    else:
        raise StudyError(
            f"The name of the mask says space-{space}; it must say space-T1w or space-T1ce",
            path=path,
            remedy="Rename it",
        )
    whose, image = ("ce-gadolinium T1w", standard_dose) if on_standard_dose else ("T1w", pre_contrast)
    labels = with_axes_of(read, image)
    if not same_grid(labels, image):
        expected = whose if space else "T1w or the T1ce"
        raise StudyError(
            f"The mask is not on the grid of the {expected}", path=path, remedy="Resample it with nearest neighbor"
        )
    return Mask(labels, on_standard_dose)


def check_labels(mask: Mask, regions: Regions, known_labels: Collection[int], path: Path) -> None:
    """Raise VolumeError for a mask that is empty, or has labels that nothing names.

    Args:
        mask: The mask.
        regions: Label values of each region.
        known_labels: Labels outside the regions that a dseg.tsv or the settings name.
        path: The file.
    """
    found = {int(value) for value in np.unique(mask.labels.array)} - {0}
    if not found:
        raise VolumeError("The mask is empty", path=path, remedy="Draw it or remove it")
    known = {*known_labels, *(value for values in regions.values() for value in values)}
    unknown = sorted(found - known)
    if len(unknown) > MOST_NAMED:
        raise VolumeError(
            f"The mask holds {len(unknown)} values that are no known label, from {unknown[0]} to {unknown[-1]}",
            path=path,
            remedy="If it is a probability map, threshold it",
        )
    if unknown:
        raise VolumeError(
            f"The mask holds {', '.join(map(str, unknown))}; the known labels are {sorted(known)}",
            path=path,
            remedy="Name them in dseg.tsv, or in experiment.yaml under regions (tumor) or not_tumor",
        )


def carried_mask(
    mask: Mask, pre_contrast: Volume, transform: RigidTransform, covered: Bool[np.ndarray, "x y z"], regions: Regions
) -> CarriedTumor:
    """Give the labels on the grid of the T1, in transverse order; labels drawn on the T1ce are resampled.

    Args:
        mask: The mask, as read.
        pre_contrast: T1 as read.
        transform: Takes points of the T1 to points of the T1ce.
        covered: Voxels of the T1 that the T1ce covers.
        regions: Label values of the tumor.

    Returns:
        The labels, and how much was removed.

    Raises:
        StudyError: Nothing of the tumor is left there, or one of the scans covers less than half of it.
    """
    from lessgad.preparation.carried_labels import carry_tumor

    values = tuple(value for labels in regions.values() for value in labels)
    transform = transform if mask.on_standard_dose else RigidTransform.identity()
    drawn, grid = in_transverse_order(mask.labels), in_transverse_order(pre_contrast)
    return carry_tumor(drawn, grid, transform, covered, values)


def check_inside_head(tumor: Bool[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"], path: Path | None) -> None:
    """Raise StudyError for a tumor that lies mostly in the air: the mask is of another image.

    Args:
        tumor: Mask of the tumor.
        head: Foreground of the image.
        path: The file; None for the defaults alone.
    """
    inside = float(head[tumor].mean())
    if inside < LEAST_INSIDE_HEAD:
        raise StudyError(
            f"{1 - inside:.0%} of the tumor lies outside the head", path=path, remedy="Look at the mask on its image"
        )
