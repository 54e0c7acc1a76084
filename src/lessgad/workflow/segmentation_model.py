# SPDX-License-Identifier: Apache-2.0
"""The model of stage segment: trained on the standard dose of training patients, or one that is there already."""

from __future__ import annotations

import json
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessgad.atomic_write import write_text
from lessgad.cohort.split import Subset
from lessgad.cohort.study import Study
from lessgad.errors import ModelError, SettingsError
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_study import read_prepared
from lessgad.segmentation.region_labels import Regions, check_regions, renumbered
from lessgad.segmentation.settings import SegmentationSettings
from lessgad.volume import read_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import plan_preparation, prepared_files
from lessgad.workflow.train import LEARNING, usable_studies
from lessgad.workflow.unit import Advance, Unit

if TYPE_CHECKING:
    from lessgad.segmentation.nnunet_segmenter import Segmenter
    from lessgad.segmentation.segmentation_case import CaseImages, SegmentationCase

VERSION = 1
MODEL = "model"
NO_MASKS = "Set segmentation: null in experiment.yaml, or give training patients masks"
SIZE = 50.0  # of the training in the progress of the stage, in studies


def model_unit(experiment: Experiment, settings: SegmentationSettings) -> Unit:
    """Give the unit that trains the networks, or looks through the model that is there."""
    own = settings.model is None
    trained = fingerprint(
        VERSION,
        regions=list(experiment.settings.cohort.regions.items()),  # their order numbers them
        segmentation=settings.model_dump(mode="json", exclude={"mirroring", "model", "keep"}),
        **(
            {"studies": _marks(experiment)} if own else {"model": _hashes(experiment, model_path(experiment, settings))}
        ),
    )
    looked_at = {} if settings.keep != "auto" else {"validation": _marks(experiment)["validation"]}
    mark = fingerprint(VERSION, trained=trained, keep=settings.keep, mirroring=settings.mirroring, **looked_at)
    return Unit(
        "segment",
        MODEL,
        "training of the segmentation" if own else "look at the segmentation model",
        mark,
        partial(make_model, experiment, settings, trained),
        outputs=(experiment.folder.segmentation_model,),
        size=SIZE if own else 1.0,
    )


def model_path(experiment: Experiment, settings: SegmentationSettings) -> Path:
    """Say where the model lies."""
    if settings.model is not None:
        return experiment.folder.root / settings.model
    from lessgad.segmentation.nnunet_environment import DATASET, PLANS

    name = f"nnUNetTrainer__{PLANS}__{settings.configuration}"
    return experiment.folder.nnunet / "results" / DATASET / name


def check_segmentation(experiment: Experiment) -> None:
    """Raise SettingsError or ModelError, before hours of other work, where segmentation is asked for and cannot be.

    Regions that overlap, a cohort without masks, nnU-Net not installed, a model folder that is not there.
    """
    from lessgad.segmentation.nnunet_environment import check_installed

    settings = experiment.settings.segmentation
    if settings is None:
        return
    check_regions(experiment.settings.cohort.regions)
    check_installed()
    if settings.model is not None:
        if not (folder := model_path(experiment, settings)).is_dir():
            raise ModelError("the folder of a trained nnU-Net, under segmentation.model", "no such folder", folder)
    elif not any(study.mask is not None for study in experiment.studies(["train"])):
        raise SettingsError("a mask of at least one training patient, for segmentation", "none", None, NO_MASKS)


def make_model(experiment: Experiment, settings: SegmentationSettings, mark: str, advance: Advance) -> None:
    """Train, from where it stopped, or check a model that is there; then write what it is, and what is kept of it.

    Raises:
        SettingsError: No training study has a mask, a region is in none of them, or nnU-Net is not installed.
        ModelError: The model that is there cannot be used.
    """
    regions = experiment.settings.cohort.regions
    check_segmentation(experiment)
    if settings.model is None:
        from lessgad.segmentation.nnunet_training import SegmentationTask, train_segmentation

        cases = tuple(_cases(experiment))
        _check_masks(experiment, cases)
        task = SegmentationTask(experiment.folder.nnunet, cases, tuple(regions), settings, mark)
        train_segmentation(task, lambda share, note: advance(SIZE * share, note))
    segmenter = load_segmenter(experiment, settings, mark)
    asked = settings.keep == "auto"
    largest = _largest_is_better(experiment, segmenter, advance) if asked else settings.keep == "largest"
    description: dict[str, Any] = {
        "trained_here": settings.model is None,
        "configuration": segmenter.configuration,
        "n_networks": segmenter.n_networks,
        "keeps_largest": largest,
        "regions": {name: list(values) for name, values in segmenter.labels.items()},
    }
    write_text(experiment.folder.segmentation_model, json.dumps(description, indent=1) + "\n")


def load_segmenter(experiment: Experiment, settings: SegmentationSettings, mark: str) -> Segmenter:
    """Load the model once for all studies; `mark` tells one training from another."""
    labels = None if settings.labels is None else tuple(settings.labels.items())
    return _loaded(
        model_path(experiment, settings),
        tuple(experiment.settings.cohort.regions.items()),
        labels,
        settings.model is None,
        settings.mirroring,
        mark,
    )


@lru_cache(maxsize=1)
def _loaded(
    path: Path, regions: tuple[Any, ...], labels: tuple[Any, ...] | None, own: bool, mirroring: bool, _mark: str
) -> Segmenter:
    from lessgad.segmentation.nnunet_segmenter import Segmenter

    given = None if labels is None else dict(labels)
    return Segmenter.load(path, dict(regions), given, own=own, mirroring=mirroring)


def keeps_largest(experiment: Experiment) -> bool:
    """Say whether the largest piece alone is kept, as `make_model` wrote it down."""
    return bool(json.loads(experiment.folder.segmentation_model.read_text(encoding="utf-8"))["keeps_largest"])


def _largest_is_better(experiment: Experiment, segmenter: Segmenter, advance: Advance) -> bool:
    from lessgad.segmentation.nnunet_largest import dice_of, largest_is_better, largest_piece

    regions = experiment.settings.cohort.regions
    every, largest = [], []
    for study in _with_masks(experiment, "validation"):
        advance(SIZE, f"what is kept: {study.name}")
        files = prepared_files(experiment, study)
        prepared = read_prepared(files)
        assert prepared.labels is not None  # noqa: S101 - it is among those with masks
        reference = renumbered(prepared.labels, regions)
        found = segmenter.segment(prepared.standard_dose, prepared.head, read_volume(files.pre_contrast))
        every.append(dice_of(found, reference, len(regions)))
        largest.append(dice_of(largest_piece(found), reference, len(regions)))
    return bool(every) and largest_is_better(every, largest)


def _cases(experiment: Experiment) -> list[SegmentationCase]:
    from lessgad.segmentation.segmentation_case import SegmentationCase

    marks = {unit.name: unit.fingerprint for unit in plan_preparation(experiment)}
    studies = [study for subset in LEARNING for study in _with_masks(experiment, subset)]
    return [
        SegmentationCase(
            f"case_{number:03d}",
            study.patient,
            experiment.subsets[study.patient] == "validation",
            marks[study.name],
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


def _check_masks(experiment: Experiment, cases: tuple[SegmentationCase, ...]) -> None:
    """Raise SettingsError where there is nothing to learn of a region."""
    learning = _with_masks(experiment, "train")
    if not any(not case.validation for case in cases):
        raise SettingsError("a mask of at least one training patient, for segmentation", "none", None, NO_MASKS)
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
        f"the region {missing[0]} in the mask of at least one training patient",
        "none of its labels in any",
        None,
        "Correct cohort.regions, or set segmentation: null in experiment.yaml",
    )


def _with_masks(experiment: Experiment, subset: Subset) -> list[Study]:
    return [study for study in usable_studies(experiment, subset) if study.mask is not None]


def _marks(experiment: Experiment) -> dict[str, list[str]]:
    marks = {unit.name: unit.fingerprint for unit in plan_preparation(experiment)}
    return {subset: [marks[study.name] for study in _with_masks(experiment, subset)] for subset in LEARNING}


def _hashes(experiment: Experiment, path: Path) -> dict[str, str]:
    files = [path / "plans.json", path / "dataset.json", *sorted(path.glob("fold_*/checkpoint_*.pth"))]
    return {str(file.relative_to(path)): experiment.hashes.of(file) for file in files}
