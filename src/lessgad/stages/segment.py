# SPDX-License-Identifier: Apache-2.0
"""Stage segment: one network outlines the tumor in the standard dose and in every image of every dose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.cohort.study import Study
from lessgad.dose.low_doses import LowDoses
from lessgad.dose_fraction import percent
from lessgad.engine.unit import Doing, Input, Unit
from lessgad.evaluation.results.overlap import STANDARD, image_of_method
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import StudyFiles, read_once
from lessgad.experiment.scanned import low_doses_at, planned_doses
from lessgad.experiment.segmenter import SegmenterFiles, load_segmenter, segmenter_files
from lessgad.experiment.study_files import (
    ExternalImages,
    half_width_file,
    prepared_files,
    restored_file,
    segmentation_files,
)
from lessgad.experiment.unit_names import SEGMENTATION_MODEL, baselines_at, part_of, prepared, restored, segmented
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.scoring.method_images import DoseImages, Image, method_images
from lessgad.segmentation.region_labels import dseg_tsv
from lessgad.volume import Volume, in_order_of, in_transverse_order, write_volume

VERSION = 4


@dataclass(frozen=True)
class SegmentationTask:
    """What a worker needs to outline the regions in the images of one dose, or in the standard dose.

    Attributes:
        study: The files of the study.
        dose: Fraction of the standard dose; None for the standard dose itself.
        low_doses: Source of the low dose.
        images: The images of the dose; None for the standard dose.
        segmenter: The network.
        regions: Label values of each region.
        targets: Files for the segmentations, by image.
    """

    study: StudyFiles
    dose: float | None
    low_doses: LowDoses
    images: DoseImages | None
    segmenter: SegmenterFiles
    regions: Regions
    targets: Mapping[str, Path]


def units(experiment: Experiment) -> list[Unit]:
    """Give one unit for each study that is evaluated and its standard dose, and one for each of its doses."""
    settings = experiment.settings.segmentation
    if settings is None:
        return []
    external, segmenter = ExternalImages(experiment), segmenter_files(experiment, settings)
    return [
        _unit(experiment, study, dose, external, segmenter)
        for study in experiment.studies(experiment.settings.subsets)
        for dose in (None, *planned_doses(experiment, study))
    ]


def _unit(
    experiment: Experiment, study: Study, dose: float | None, external: ExternalImages, segmenter: SegmenterFiles
) -> Unit:
    others = {} if dose is None else external.at(study, dose)
    images = None
    inputs = [Input(prepared(study), "else left out"), Input(SEGMENTATION_MODEL)]
    if dose is not None:
        inputs += Input(restored(study, dose), "else left out"), Input(baselines_at(dose))
        images = DoseImages(
            baselines=experiment.folder.strengths(part_of(dose)),
            restored=restored_file(experiment, study, dose),
            half_width=half_width_file(experiment, study, dose),
            external=others,
        )
    task = SegmentationTask(
        study=StudyFiles(study, prepared_files(experiment, study)),
        dose=dose,
        low_doses=low_doses_at(experiment, study, dose or 0.0),
        images=images,
        segmenter=segmenter,
        regions=experiment.settings.cohort.regions,
        targets=segmentation_files(experiment, study, dose, others),
    )
    stage, _, name = segmented(study, dose).partition("/")
    return Unit(
        stage,
        name,
        f"segmentation of {study.name} at {part_of(dose)}",
        VERSION,
        {
            "dose": dose,
            "mirroring": segmenter.mirroring,
            "external": {method: experiment.hashes.of(path) for method, path in others.items()},
        },
        partial(segment_dose, task),
        outputs=tuple(task.targets.values()),
        inputs=tuple(inputs),
        subject=study.name,
    )


def segment_dose(task: SegmentationTask, doing: Doing) -> None:
    """Outline the regions in every image of a dose; written on the grid of its T1.

    Args:
        task: What to segment.
        doing: Receives progress and tells what else the unit reads.
    """
    from lessgad.segmentation.nnunet_largest import largest_piece

    segmenter = load_segmenter(task.segmenter, doing.inputs[SEGMENTATION_MODEL])
    largest_alone = task.segmenter.keeps_largest()
    study, grid = read_once(task.study, doing.inputs[prepared(task.study.study)])
    affine = in_transverse_order(grid).affine
    write_text(next(iter(task.targets.values())).with_name("dseg.tsv"), dseg_tsv(task.regions))
    for number, (image_name, image) in enumerate(_images(task, study, grid)):
        words = "the standard dose" if task.dose is None else f"{percent(task.dose)}, {image_name}"
        doing.advance(number / len(task.targets), f"{study.name} at {words}")
        labels = segmenter.segment(image, study.head, grid)
        labels = largest_piece(labels) if largest_alone else labels
        write_volume(task.targets[image_name], in_order_of(Volume(labels, affine), grid))


def _images(task: SegmentationTask, study: PreparedStudy, grid: Volume) -> Iterator[tuple[str, Image]]:
    if task.dose is None or task.images is None:
        yield STANDARD, study.standard_dose
        return
    low_dose = task.low_doses.at(study, task.dose)
    for method, image in method_images(task.images, study, low_dose.image, task.dose, low_dose.simulator, grid):
        yield image_of_method(method), image
