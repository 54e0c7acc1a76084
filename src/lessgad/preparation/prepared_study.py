# SPDX-License-Identifier: Apache-2.0
"""A study that is ready: two comparable images, a head box, and the labels, as stored in the experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from lessgad.atomic_write import write_text
from lessgad.errors import CalibrationError, VolumeError
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalisation import Normalisation
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume

_AGAIN = "Remove its folder and run the stage prepare again"
Regions = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """Registered, calibrated, normalised end points of one study, in transverse order.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        pre_contrast: T1 on [−1, 1], background −1.
        standard_dose: T1ce, on the same grid and scale.
        labels: Label of each voxel on that grid, 0 outside; None where the study has no mask.
        head: Foreground.
        head_box: In-plane box around it.
        spacing_mm: Voxel spacing along x, y, z.
        normalisation: Takes [−1, 1] back to the intensities of the T1.
    """

    patient: str
    session: str
    pre_contrast: Float[np.ndarray, "x y z"]
    standard_dose: Float[np.ndarray, "x y z"]
    labels: Int[np.ndarray, "x y z"] | None
    head: Bool[np.ndarray, "x y z"]
    head_box: HeadBox
    spacing_mm: tuple[float, float, float]
    normalisation: Normalisation

    def region(self, values: tuple[int, ...]) -> Bool[np.ndarray, "x y z"] | None:
        """Voxels whose label is one of `values`; None where there is no mask or no such voxel."""
        if self.labels is None:
            return None
        mask: Bool[np.ndarray, "x y z"] = np.isin(self.labels, values)
        return mask if mask.any() else None

    def tumor(self, regions: Regions) -> Bool[np.ndarray, "x y z"] | None:
        """Union of all regions."""
        return self.region(tuple(value for values in regions.values() for value in values))


@dataclass(frozen=True)
class PreparedFiles:
    """Where a prepared study lies: ``prepared/sub-P[/ses-S]/sub-P[_ses-S]_…``."""

    folder: Path
    stem: str

    @property
    def pre_contrast(self) -> Path:
        """T1, normalised, on its own grid; uncompressed, so that slices are read without the volume."""
        return self.folder / f"{self.stem}_desc-prepared_T1w.nii"

    @property
    def standard_dose(self) -> Path:
        """T1ce, registered, calibrated, normalised, on the grid of the T1."""
        return self.folder / f"{self.stem}_ce-gadolinium_desc-prepared_T1w.nii"

    @property
    def labels(self) -> Path:
        """The labels, on the grid of the T1; absent where the study has none."""
        return self.folder / f"{self.stem}_dseg.nii.gz"

    @property
    def head(self) -> Path:
        """The foreground, on the grid of the T1."""
        return self.folder / f"{self.stem}_desc-head_mask.nii.gz"

    @property
    def description(self) -> Path:
        """What was done: transform, maps, landmarks, checks."""
        return self.folder / f"{self.stem}_desc-preparation.json"

    @property
    def picture(self) -> Path:
        """The picture for a person to check."""
        return self.folder / f"{self.stem}_desc-check.png"


def write_prepared(files: PreparedFiles, study: PreparedStudy, grid: Volume, description: dict[str, Any]) -> None:
    """Write a prepared study on the grid (and in the axis order) of its T1, the description last."""
    affine = in_transverse_order(grid).affine

    def write(path: Path, array: Shaped[np.ndarray, "x y z"]) -> None:
        write_volume(path, in_order_of(Volume(array, affine), grid))

    write(files.pre_contrast, study.pre_contrast.astype(np.float32))
    write(files.standard_dose, study.standard_dose.astype(np.float32))
    write(files.head, study.head)
    if study.labels is not None:
        write(files.labels, study.labels.astype(np.int32))
    else:
        files.labels.unlink(missing_ok=True)
    box = study.head_box
    stored = {
        "patient": study.patient,
        "session": study.session,
        "head_box": [box.x_start, box.x_stop, box.y_start, box.y_stop],
        "normalisation": {
            "background": study.normalisation.background,
            "full_scale": study.normalisation.full_scale,
        },
        **description,
    }
    write_text(files.description, json.dumps(stored, indent=1) + "\n")


def read_prepared(files: PreparedFiles) -> PreparedStudy:
    """Read what `write_prepared` wrote; the images stay on disk until they are looked at.

    Raises:
        VolumeError: A file is missing or damaged.
    """
    try:
        description = json.loads(files.description.read_text(encoding="utf-8"))
        patient, session = str(description["patient"]), str(description["session"])
        box, normalisation = HeadBox(*description["head_box"]), Normalisation(**description["normalisation"])
    except (OSError, ValueError, KeyError, TypeError, CalibrationError) as error:
        raise VolumeError("a prepared study", "one that is missing or damaged", files.description, _AGAIN) from error
    pre_contrast = in_transverse_order(read_volume(files.pre_contrast))
    standard_dose = in_transverse_order(read_volume(files.standard_dose))
    labels = in_transverse_order(read_volume(files.labels, labels=True)).array if files.labels.exists() else None
    return PreparedStudy(
        patient=patient,
        session=session,
        pre_contrast=pre_contrast.array,
        standard_dose=standard_dose.array,
        labels=labels,
        head=in_transverse_order(read_volume(files.head, labels=True)).array > 0,
        head_box=box,
        spacing_mm=pre_contrast.spacing_mm,
        normalisation=normalisation,
    )
