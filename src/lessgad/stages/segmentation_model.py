# SPDX-License-Identifier: Apache-2.0
"""The model of stage segment: trained on the standard dose of training patients, or one that is there already."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessgad.atomic_write import write_text
from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.engine.fingerprint import fingerprint
from lessgad.engine.unit import Doing, Input, Unit
from lessgad.errors import SettingsError
from lessgad.experiment.models import LEARNING
from lessgad.experiment.opened import Experiment
from lessgad.experiment.segmenter import NO_MASKS, check_segmentation, load_segmenter, model_path, segmenter_files
from lessgad.experiment.study_files import prepared_files
from lessgad.experiment.unit_names import SEGMENTATION_MODEL, prepared
from lessgad.preparation.prepared_study import read_prepared
from lessgad.segmentation.region_labels import Regions, renumbered
from lessgad.segmentation.settings import SegmentationSettings
from lessgad.volume import read_volume

if TYPE_CHECKING:
    from lessgad.segmentation.nnunet_segmenter import Segmenter
    from lessgad.segmentation.segmentation_case import CaseImages, SegmentationCase

VERSION = 1
SIZE = 50.0  # of the training in the progress of the stage, in studies


def units(experiment: Experiment) -> list[Unit]:
    """Give the unit that trains the networks, or looks through the model that is there; none where nothing segments."""
    settings = experiment.settings.segmentation
    if settings is None:
        return []
    own = settings.model is None
    read = LEARNING if own else ("validation",) if settings.keep == "auto" else ()
    stage, _, name = SEGMENTATION_MODEL.partition("/")
    return [
        Unit(
            stage,
            name,
            "training of the segmentation" if own else "look at the segmentation model",
            VERSION,
            {**_trained_from(experiment, settings), "keep": settings.keep, "mirroring": settings.mirroring},
            partial(make_model, experiment, settings),
            outputs=(experiment.folder.segmentation_model,),
            inputs=tuple(
                Input(prepared(study), "where usable", subset)
                for subset in read
                for study in experiment.studies([subset])
                if study.mask is not None
            ),
            size=SIZE if own else 1.0,
            here=True,
        )
    ]


def _trained_from(experiment: Experiment, settings: SegmentationSettings) -> dict[str, Any]:
    """Everything that the networks depend on except their training studies."""
    own = settings.model is None
    return {
        "regions": list(experiment.settings.cohort.regions.items()),  # their order numbers them
        "segmentation": settings.model_dump(mode="json", exclude={"mirroring", "model", "keep"}),
        **({} if own else {"model": _hashes(experiment, model_path(experiment, settings))}),
    }


def make_model(experiment: Experiment, settings: SegmentationSettings, doing: Doing) -> None:
    """Train, from where it stopped, or check a model that is there; then write what it is, and what is kept of it.

    Args:
        experiment: The opened experiment.
        settings: Settings of the segmentation.
        doing: Receives progress and tells what else the unit reads.

    Raises:
        SettingsError: No training study has a mask, a region is in none of them, or nnU-Net is not installed.
        ModelError: The model that is there cannot be used.
    """
    regions = experiment.settings.cohort.regions
    check_segmentation(experiment)
    if settings.model is None:
        from lessgad.segmentation.nnunet_training import NnunetTrainingTask, train_segmentation

        cases = tuple(_cases(experiment, doing.inputs))
        _check_masks(experiment, cases, doing.inputs)
        marks = {
            k: [doing.inputs[prepared(study)] for study in _learning(experiment, k, doing.inputs)] for k in LEARNING
        }
        mark = fingerprint(VERSION, **_trained_from(experiment, settings), studies=marks)
        task = NnunetTrainingTask(experiment.folder.nnunet, cases, tuple(regions), settings, mark)
        train_segmentation(task, lambda share, note: doing.advance(SIZE * share, note))
    segmenter = load_segmenter(segmenter_files(experiment, settings), doing.fingerprint)
    asked = settings.keep == "auto"
    largest = _largest_is_better(experiment, segmenter, doing) if asked else settings.keep == "largest"
    description: dict[str, Any] = {
        "trained_here": settings.model is None,
        "configuration": segmenter.configuration,
        "n_networks": segmenter.n_networks,
        "keeps_largest": largest,
        "regions": {name: list(values) for name, values in segmenter.labels.items()},
    }
    write_text(experiment.folder.segmentation_model, json.dumps(description, indent=1) + "\n")


def _largest_is_better(experiment: Experiment, segmenter: Segmenter, doing: Doing) -> bool:
    from lessgad.segmentation.nnunet_largest import dice_of, largest_is_better, largest_piece

    regions = experiment.settings.cohort.regions
    every, largest = [], []
    for study in _learning(experiment, "validation", doing.inputs):
        doing.advance(SIZE, f"what is kept: {study.name}")
        files = prepared_files(experiment, study)
        prepared = read_prepared(files)
        assert prepared.labels is not None  # noqa: S101 - it is among those with masks
        reference = renumbered(prepared.labels, regions)
        found = segmenter.segment(prepared.standard_dose, prepared.head, read_volume(files.pre_contrast, own=True))
        every.append(dice_of(found, reference, len(regions)))
        largest.append(dice_of(largest_piece(found), reference, len(regions)))
    return bool(every) and largest_is_better(every, largest)


def _cases(experiment: Experiment, inputs: Mapping[str, str]) -> list[SegmentationCase]:
    from lessgad.segmentation.segmentation_case import SegmentationCase

    studies = [study for subset in LEARNING for study in _learning(experiment, subset, inputs)]
    return [
        SegmentationCase(
            f"case_{number:03d}",
            study.patient,
            experiment.subsets[study.patient] == "validation",
            inputs[prepared(study)],
            partial(_case_images, experiment, study),
        )
        for number, study in enumerate(studies, start=1)
    ]


def _case_images(experiment: Experiment, study: Study) -> CaseImages:
    from lessgad.segmentation.input_image import input_image
    from lessgad.segmentation.segmentation_case import CaseImages

    prepared = read_prepared(prepared_files(experiment, study))
    assert prepared.labels is not None  # noqa: S101 - it is among those with masks
    return CaseImages(
        input_image(prepared.standard_dose, prepared.head),
        renumbered(prepared.labels, experiment.settings.cohort.regions),
        prepared.spacing_mm,
    )


def _check_masks(experiment: Experiment, cases: tuple[SegmentationCase, ...], inputs: Mapping[str, str]) -> None:
    """Raise SettingsError where there is nothing to learn of a region."""
    learning = _learning(experiment, "train", inputs)
    if not any(not case.validation for case in cases):
        raise SettingsError(
            "Segmentation needs a mask of at least one training patient, and there is none", remedy=NO_MASKS
        )
    regions: Regions = experiment.settings.cohort.regions
    found: set[int] = set()
    for study in learning:
        labels = read_prepared(prepared_files(experiment, study)).labels
        if labels is not None:
            found |= set(renumbered(labels, regions)[labels > 0].tolist())
        if found >= set(range(1, len(regions) + 1)):
            return
    missing = [name for number, name in enumerate(regions, start=1) if number not in found]
    raise SettingsError(
        f"No mask of a training patient holds the region {missing[0]}",
        remedy="Correct cohort.regions, or set segmentation: null in experiment.yaml",
    )


def _learning(experiment: Experiment, subset: Subset, usable: Collection[str]) -> list[Study]:
    """Studies of a subset with a mask, without those whose preparation failed."""
    return [one for one in experiment.studies([subset]) if one.mask is not None and prepared(one) in usable]


def _hashes(experiment: Experiment, path: Path) -> dict[str, str]:
    files = [path / "plans.json", path / "dataset.json", *sorted(path.glob("fold_*/checkpoint_*.pth"))]
    return {str(file.relative_to(path)): experiment.hashes.of(file) for file in files}
