# SPDX-License-Identifier: Apache-2.0
"""Everything that a paper says of a cohort, read from its BIDS folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lessgad.cohort.acquisition import Sidecars
from lessgad.cohort.study import Cohort
from lessgad.description.exclusions import Exclusion, exclusions
from lessgad.description.participants import read_participants
from lessgad.description.scan_parameters import Modality, scan_parameters
from lessgad.description.table import PrintedTable
from lessgad.description.table1 import table1
from lessgad.description.table2 import table2
from lessgad.description.tumor_sizes import Regions, TumorSize, tumor_sizes

_MODALITIES: tuple[Modality, ...] = ("T1", "T1ce")


@dataclass(frozen=True)
class CohortDescription:
    """A cohort as a paper describes it.

    Attributes:
        n_patients: Patients with at least one pair of T1 and T1ce.
        n_studies: Studies with a pair.
        n_masks: Studies with a mask.
        excluded: Studies without a usable pair, grouped by reason.
        table1: Patients, age, sex, scans, size classes.
        table2: Scan parameters.
        unread_masks: Name and reason of each mask that could not be measured.
    """

    n_patients: int
    n_studies: int
    n_masks: int
    excluded: tuple[Exclusion, ...]
    table1: PrintedTable
    table2: PrintedTable
    unread_masks: tuple[tuple[str, str], ...]


def describe(
    cohort: Cohort, regions: Regions, on_progress: Callable[[int, int], None] | None = None
) -> CohortDescription:
    """Describe a cohort; nothing is written.

    Args:
        cohort: The cohort as it was read.
        regions: Label values of each tumor region; empty where the masks are not to be measured.
        on_progress: Is called with the number of studies done and of all.

    Returns:
        Both tables, the flow, exclusions, and masks that could not be read.

    Raises:
        CohortError: participants.tsv cannot be read.
        VolumeError: A T1 or T1ce is no NIfTI file.
    """
    sidecars, scans = Sidecars(cohort.root), []
    sizes: list[TumorSize] = []
    for done, study in enumerate(cohort.studies, start=1):
        scans += [scan_parameters(study, modality, sidecars) for modality in _MODALITIES]
        sizes += tumor_sizes([study], regions)
        if on_progress is not None:
            on_progress(done, len(cohort.studies))
    participants = read_participants(cohort.root, cohort.patients)
    return CohortDescription(
        n_patients=len(cohort.patients),
        n_studies=len(cohort.studies),
        n_masks=sum(study.mask is not None for study in cohort.studies),
        excluded=exclusions((study.name, study.reason) for study in cohort.unusable),
        table1=table1(participants, len(cohort.studies), sizes),
        table2=table2(scans),
        unread_masks=tuple((size.study, size.problem) for size in sizes if size.problem),
    )
