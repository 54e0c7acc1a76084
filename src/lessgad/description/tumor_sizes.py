# SPDX-License-Identifier: Apache-2.0
"""How large the tumor of each study is, from its mask as it was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lessgad.cohort.study import Study
from lessgad.errors import LessgadError
from lessgad.evaluation.kanzaki import KanzakiClass, kanzaki_class, largest_transverse_diameter_mm
from lessgad.volume import in_transverse_order, read_volume

INTRAMEATAL, EXTRAMEATAL = "intrameatal", "extrameatal"
Regions = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class TumorSize:
    """Size of one tumor.

    Attributes:
        study: Name of the study.
        kanzaki: Kanzaki class; None without an intrameatal and an extrameatal region.
        diameter_mm: Largest transverse diameter of the extrameatal region, or of all regions together without one;
            0 where nothing is drawn.
        problem: Why the mask says nothing; empty where it does.
    """

    study: str
    kanzaki: KanzakiClass | None
    diameter_mm: float
    problem: str = ""


def has_kanzaki_regions(regions: Regions) -> bool:
    """Whether regions name an intrameatal and an extrameatal part."""
    return {INTRAMEATAL, EXTRAMEATAL} <= set(regions)


def tumor_sizes(studies: Sequence[Study], regions: Regions) -> tuple[TumorSize, ...]:
    """Measure the tumor of each study that has a mask.

    Args:
        studies: Studies of the cohort.
        regions: Label values of each region.

    Returns:
        The sizes; empty if no region is named.
    """
    return tuple(_measured(study, regions) for study in studies if study.mask is not None and regions)


def _measured(study: Study, regions: Regions) -> TumorSize:
    if study.mask is None:
        raise AssertionError
    try:
        labels = in_transverse_order(read_volume(study.mask, labels=True))
    except LessgadError as error:
        return TumorSize(study.name, None, 0.0, str(error))
    parts = {name: np.isin(labels.array, values) for name, values in regions.items()}
    spacing = labels.spacing_mm
    if has_kanzaki_regions(regions):
        inside, outside = parts[INTRAMEATAL], parts[EXTRAMEATAL]
        return TumorSize(
            study.name, kanzaki_class(inside, outside, spacing), largest_transverse_diameter_mm(outside, spacing)
        )
    tumor = np.any(list(parts.values()), axis=0)
    return TumorSize(study.name, None, largest_transverse_diameter_mm(tumor, spacing))
