# SPDX-License-Identifier: Apache-2.0
"""Every segmentation of a study against its mask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lessgad.cohort.split import Subset
from lessgad.errors import VolumeError
from lessgad.evaluation.segmentation_scores import Segmented, overlap_rows, tumor_size_row
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.scoring.study_scores import StudyScores
from lessgad.segmentation.region_labels import renumbered
from lessgad.volume import Volume, check_same_grid, in_transverse_order, read_volume


def score_segmentations(
    scores: StudyScores,
    subset: Subset,
    study: PreparedStudy,
    regions: Regions,
    dose: float,
    segmentations: Mapping[str, Path],
    grid: Volume,
) -> None:
    """Add the rows of every segmentation at one dose; a study without a mask has none.

    Args:
        scores: Take the rows.
        subset: Subset of the patient.
        study: The prepared study.
        regions: Label values of each region.
        dose: Dose of the images; 1 is the standard dose.
        segmentations: Files of the segmentations, by image.
        grid: T1 of the study, as stored.

    Raises:
        VolumeError: A segmentation is missing, damaged, or on another grid.
    """
    if study.labels is None:
        return
    reference, names = renumbered(study.labels, regions), list(regions)
    on_grid = in_transverse_order(grid)
    for image, path in segmentations.items():
        volume = in_transverse_order(read_volume(path, labels=True, own=True))
        check_same_grid(volume, on_grid, "The segmentation is not on the grid of the T1w", path)
        if not 0 <= volume.array.min() <= volume.array.max() <= len(names):
            came = f"{volume.array.min()} to {volume.array.max()}"
            raise VolumeError(
                f"The labels range from {came}; they must lie between 0 and {len(names)}",
                path=path,
                remedy="Run the stage segment again",
            )
        predicted = volume.array.astype("uint8")
        of = Segmented(study.patient, study.session, subset, dose, image)
        scores.overlap += overlap_rows(of, predicted, reference, names, study.spacing_mm)
        scores.tumor_size.append(tumor_size_row(of, predicted, reference, names, study.spacing_mm))
