# SPDX-License-Identifier: Apache-2.0
"""What Table 2 needs to know of one scan: sequence, field strength, times and voxel size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lessgad.cohort.acquisition import Acquisition, Sidecars, read_acquisition
from lessgad.cohort.sequence_class import sequence_class
from lessgad.cohort.study import Study
from lessgad.errors import CohortError
from lessgad.nifti_spacing import read_spacing_mm

Modality = Literal["T1", "T1ce"]
NOMINAL_FIELDS_T = (0.2, 0.35, 0.5, 0.55, 0.7, 1.0, 1.2, 1.5, 3.0, 7.0)
NOMINAL_WITHIN = 0.07  # of the nominal field strength: scanners write 1.494 or 2.8936


@dataclass(frozen=True)
class ScanParameters:
    """Parameters of one scan; None where its sidecar does not state them.

    Attributes:
        modality: T1 or T1ce.
        sequence: SE for spin echo, GR for gradient echo, with or without inversion.
        field_strength_t: Nominal field strength in tesla.
        echo_time_ms: TE in ms.
        repetition_time_ms: TR in ms.
        in_plane_mm: Mean voxel size along the first two array axes, in mm.
        slice_mm: Distance between slices, i.e. the voxel size along the third array axis, in mm.
    """

    modality: Modality
    sequence: Literal["SE", "GR"] | None
    field_strength_t: float | None
    echo_time_ms: float | None
    repetition_time_ms: float | None
    in_plane_mm: float
    slice_mm: float


def scan_parameters(study: Study, modality: Modality, sidecars: Sidecars) -> ScanParameters:
    """Read the parameters of the T1 or the T1ce of a study; an unreadable sidecar counts as missing.

    Args:
        study: A study of the cohort.
        modality: T1 or T1ce.
        sidecars: Sidecars that were read before.

    Returns:
        The parameters; None for each that is not stated.

    Raises:
        VolumeError: The image is no NIfTI file.
    """
    image = study.pre_contrast if modality == "T1" else study.standard_dose
    acquisition = _acquisition(image, sidecars)
    i, j, k = read_spacing_mm(image)
    kind = sequence_class(acquisition)
    return ScanParameters(
        modality=modality,
        sequence=None if kind is None else "SE" if "spin echo" in kind else "GR",
        field_strength_t=nominal_field_t(acquisition.field_strength_t),
        echo_time_ms=acquisition.echo_time_ms,
        repetition_time_ms=acquisition.repetition_time_ms,
        in_plane_mm=(i + j) / 2,
        slice_mm=k,
    )


def nominal_field_t(field_strength_t: float | None) -> float | None:
    """Give the nominal field strength: 1.494 T is 1.5 T; a field far from every nominal one stays as it is."""
    if not field_strength_t:
        return None
    nearest = min(NOMINAL_FIELDS_T, key=lambda nominal: abs(nominal - field_strength_t))
    return nearest if abs(nearest - field_strength_t) <= NOMINAL_WITHIN * nearest else round(field_strength_t, 2)


def _acquisition(image: Path, sidecars: Sidecars) -> Acquisition:
    try:
        return read_acquisition(image, sidecars)
    except CohortError:
        return Acquisition()
