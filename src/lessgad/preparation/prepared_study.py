# SPDX-License-Identifier: Apache-2.0
"""A study that is ready: two comparable images, a head box, and the labels, as stored in the experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from lessgad.atomic_write import write_text
from lessgad.cohort.acquisition import Acquisition, acquisition_from
from lessgad.cohort.study import study_name
from lessgad.errors import CalibrationError, SettingsError, VolumeError
from lessgad.preparation.head import HeadBox
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation, correlation_from
from lessgad.preparation.normalization import LEVEL, Normalization
from lessgad.preparation.prepared_files import PreparedFiles as PreparedFiles
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume

_AGAIN = "Remove its folder and run the stage prepare again"
Regions = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """Registered, calibrated, normalized end points of one study, in transverse order.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        pre_contrast: T1 on [−1, 1], background −1.
        standard_dose: T1ce, on the same grid and scale.
        labels: Label of each voxel on that grid, 0 outside; None where the study has no mask.
        head: Foreground.
        head_box: In-plane box around it.
        spacing_mm: Voxel spacing along x, y, z.
        normalization: Takes [−1, 1] back to the intensities of the T1.
        tissue_level: Second histogram peak of the T1 over true zero, on the scale of [−1, 1].
        acquisition: How the T1ce was acquired, as far as its sidecar says.
        sigma: Noise of the T1ce as scanned, on the scale of [−1, 1]; None where it could not be found.
        sigma_pre_contrast: Noise of the T1, on the same scale; None where it could not be found.
        noise_correlation: In-plane correlation of the noise of the T1ce as scanned.
        clean_pre_contrast: T1 without its noise; None where low doses are mixed from the images as they are.
        clean_standard_dose: T1ce without its noise; None in the same case.
        covered: Voxels that both scans cover. Only these are judged; None if the scans cover all voxels.
        t2: T2 on [−1, 1] by its own level, on the same grid; None where there is none, or it was not requested.
    """

    patient: str
    session: str
    pre_contrast: Float[np.ndarray, "x y z"]
    standard_dose: Float[np.ndarray, "x y z"]
    labels: Int[np.ndarray, "x y z"] | None
    head: Bool[np.ndarray, "x y z"]
    head_box: HeadBox
    spacing_mm: tuple[float, float, float]
    normalization: Normalization
    tissue_level: float = 2 / LEVEL
    acquisition: Acquisition = field(default_factory=Acquisition)
    sigma: float | None = None
    sigma_pre_contrast: float | None = None
    noise_correlation: NoiseCorrelation = WHITE
    clean_pre_contrast: Float[np.ndarray, "x y z"] | None = None
    clean_standard_dose: Float[np.ndarray, "x y z"] | None = None
    covered: Bool[np.ndarray, "x y z"] | None = None
    t2: Float[np.ndarray, "x y z"] | None = None

    @property
    def name(self) -> str:
        """``sub-P`` or ``sub-P_ses-S``."""
        return study_name(self.patient, self.session)

    @property
    def source_pair(self) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "x y z"]]:
        """T1 and T1ce that low doses are mixed from: without their noise, where fresh noise is to be added."""
        if self.clean_pre_contrast is None or self.clean_standard_dose is None:
            return self.pre_contrast, self.standard_dose
        return self.clean_pre_contrast, self.clean_standard_dose

    def region(self, values: tuple[int, ...]) -> Bool[np.ndarray, "x y z"] | None:
        """Find the voxels whose label is one of `values`.

        Args:
            values: Label values.

        Returns:
            True for such voxels; None without a mask or without such a voxel.
        """
        if self.labels is None:
            return None
        mask: Bool[np.ndarray, "x y z"] = np.isin(self.labels, values)
        return mask if mask.any() else None

    def tumor(self, regions: Regions) -> Bool[np.ndarray, "x y z"] | None:
        """Form the union of all regions.

        Args:
            regions: Label values of each region.

        Returns:
            True in the tumor; None without a mask or without such a voxel.
        """
        return self.region(tuple(value for values in regions.values() for value in values))


def write_prepared(files: PreparedFiles, study: PreparedStudy, grid: Volume, description: dict[str, Any]) -> None:
    """Write a prepared study on the grid (and in the axis order) of its T1, the description last.

    Args:
        files: Files of the prepared study.
        study: The prepared study.
        grid: A volume on the grid to use.
        description: Values that describe the image.
    """
    affine = in_transverse_order(grid).affine

    def write(path: Path, array: Shaped[np.ndarray, "x y z"]) -> None:
        write_volume(path, in_order_of(Volume(array, affine), grid))

    write(files.pre_contrast, study.pre_contrast.astype(np.float32))
    write(files.standard_dose, study.standard_dose.astype(np.float32))
    write(files.head, study.head)
    for path, array, kind in (
        (files.labels, study.labels, np.int32),
        (files.covered, study.covered, np.uint8),
        (files.clean_pre_contrast, study.clean_pre_contrast, np.float32),
        (files.clean_standard_dose, study.clean_standard_dose, np.float32),
    ):
        if array is not None:
            write(path, array.astype(kind))
        else:
            path.unlink(missing_ok=True)
    box = study.head_box
    stored = {
        "patient": study.patient,
        "session": study.session,
        "head_box": [box.x_start, box.x_stop, box.y_start, box.y_stop],
        "normalisation": {"background": study.normalization.background, "full_scale": study.normalization.full_scale},
        "tissue_level": study.tissue_level,
        "acquisition": asdict(study.acquisition),
        "sigma": study.sigma,
        "sigma_pre_contrast": study.sigma_pre_contrast,
        "noise_correlation": asdict(study.noise_correlation),
        **description,
    }
    write_text(files.description, json.dumps(stored, indent=1) + "\n")


def read_prepared(files: PreparedFiles) -> PreparedStudy:
    """Read what `write_prepared` wrote; voxels are read when they are used.

    Args:
        files: Files of the prepared study.

    Returns:
        The prepared study.

    Raises:
        VolumeError: A file is missing or damaged.
    """
    try:
        description = json.loads(files.description.read_text(encoding="utf-8"))
        patient, session = str(description["patient"]), str(description["session"])
        box, normalization = HeadBox(*description["head_box"]), Normalization(**description["normalisation"])
        acquisition = acquisition_from(description["acquisition"])
        tissue_level, sigma = float(description["tissue_level"]), description["sigma"]
        sigma_pre_contrast = description["sigma_pre_contrast"]
        correlation = correlation_from(description.get("noise_correlation"))
    except (OSError, ValueError, KeyError, TypeError, CalibrationError, SettingsError) as error:
        raise VolumeError("A prepared study is missing or damaged", path=files.description, remedy=_AGAIN) from error
    pre_contrast = in_transverse_order(read_volume(files.pre_contrast, own=True))
    standard_dose = in_transverse_order(read_volume(files.standard_dose, own=True))
    labels = (
        in_transverse_order(read_volume(files.labels, labels=True, own=True)).array if files.labels.exists() else None
    )
    covered = (
        in_transverse_order(read_volume(files.covered, labels=True, own=True)).array > 0
        if files.covered.exists()
        else None
    )
    clean = [
        in_transverse_order(read_volume(path, own=True)).array if path.exists() else None
        for path in (files.clean_pre_contrast, files.clean_standard_dose)
    ]
    return PreparedStudy(
        patient=patient,
        session=session,
        pre_contrast=pre_contrast.array,
        standard_dose=standard_dose.array,
        labels=labels,
        head=in_transverse_order(read_volume(files.head, labels=True, own=True)).array > 0,
        head_box=box,
        spacing_mm=pre_contrast.spacing_mm,
        normalization=normalization,
        tissue_level=tissue_level,
        acquisition=acquisition,
        sigma=sigma,
        sigma_pre_contrast=sigma_pre_contrast,
        noise_correlation=correlation,
        clean_pre_contrast=clean[0],
        clean_standard_dose=clean[1],
        covered=covered,
    )
