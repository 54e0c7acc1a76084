# SPDX-License-Identifier: Apache-2.0
"""Everything that is measured of one segmentation: overlap of each region and of the tumor, diameter, class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from lessgad.evaluation.clusters import Spacing
from lessgad.evaluation.kanzaki import kanzaki_class, largest_transverse_diameter_mm
from lessgad.evaluation.overlap import overlap
from lessgad.evaluation.results.overlap import TUMOR, OverlapRow
from lessgad.evaluation.results.tumor_size import TumorSizeRow

INTRAMEATAL, EXTRAMEATAL = "intrameatal", "extrameatal"
Numbers = UInt8[np.ndarray, "x y z"]


@dataclass(frozen=True)
class Segmented:
    """One segmented image of a study.

    Attributes:
        patient: BIDS label.
        session: BIDS label; may be empty.
        subset: Subset of the patient.
        dose: Fraction of the standard dose.
        image: Image as in results/overlap.csv.
    """

    patient: str
    session: str
    subset: str
    dose: float
    image: str


def overlap_rows(
    of: Segmented, predicted: Numbers, reference: Numbers, regions: Sequence[str], spacing_mm: Spacing
) -> list[OverlapRow]:
    """Compare each region, numbered from 1 in the order of `regions`, and their union, the tumor.

    Args:
        of: Study, dose and image that were segmented.
        predicted: Number of the predicted region of each voxel.
        reference: Number of the reference region of each voxel.
        regions: Names of the regions.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        One row per region.
    """
    masks = {name: (predicted == number, reference == number) for number, name in enumerate(regions, start=1)}
    masks[TUMOR] = (predicted > 0, reference > 0)  # a single region may be called tumor: it is the union then
    return [OverlapRow(**vars(of), region=name, **vars(overlap(*pair, spacing_mm))) for name, pair in masks.items()]


def tumor_size_row(
    of: Segmented, predicted: Numbers, reference: Numbers, regions: Sequence[str], spacing_mm: Spacing
) -> TumorSizeRow:
    """Measure the tumor in both masks; without an extrameatal region the whole tumor is measured.

    Args:
        of: Study, dose and image that were segmented.
        predicted: Number of the predicted region of each voxel.
        reference: Number of the reference region of each voxel.
        regions: Names of the regions.
        spacing_mm: Voxel spacing, in mm.

    Returns:
        The row; without both regions it has no size class.
    """
    number = {name: number for number, name in enumerate(regions, start=1)}
    outside = number.get(EXTRAMEATAL)
    measured = [numbers == outside if outside else numbers > 0 for numbers in (predicted, reference)]
    classes = [
        kanzaki_class(numbers == number[INTRAMEATAL], numbers == number[EXTRAMEATAL], spacing_mm)
        if INTRAMEATAL in number and EXTRAMEATAL in number
        else "undefined"
        for numbers in (predicted, reference)
    ]
    diameters = [largest_transverse_diameter_mm(mask, spacing_mm) for mask in measured]
    return TumorSizeRow(
        **vars(of),
        measured="extrameatal" if outside else "tumor",
        diameter_mm=diameters[0],
        reference_diameter_mm=diameters[1],
        kanzaki=classes[0],
        reference_kanzaki=classes[1],
    )
