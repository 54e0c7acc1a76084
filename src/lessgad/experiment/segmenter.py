# SPDX-License-Identifier: Apache-2.0
"""The network that outlines the tumor: where it lies, whether it can be had, and the network itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lessgad.errors import ModelError, SettingsError
from lessgad.experiment.opened import Experiment
from lessgad.segmentation.region_labels import check_regions
from lessgad.segmentation.settings import SegmentationSettings

if TYPE_CHECKING:
    from lessgad.segmentation.nnunet_segmenter import Segmenter

NO_MASKS = "Set segmentation: null in experiment.yaml, or give training patients masks"
Named = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class SegmenterFiles:
    """Data that a worker needs to load the network.

    Attributes:
        path: The folder of a trained nnU-Net.
        regions: Label values of each region, in order.
        labels: Which labels of the network make up each region; None where their names say it.
        own: Whether it was trained by this experiment.
        mirroring: Whether it averages over mirrored images.
        description: Facts of the network, such as whether only the largest piece is kept.
    """

    path: Path
    regions: Named
    labels: Named | None
    own: bool
    mirroring: bool
    description: Path

    def keeps_largest(self) -> bool:
        """Say whether the largest piece alone is kept."""
        return bool(json.loads(self.description.read_text(encoding="utf-8"))["keeps_largest"])


def segmenter_files(experiment: Experiment, settings: SegmentationSettings) -> SegmenterFiles:
    """Collect what is needed to load the network of an experiment.

    Args:
        experiment: The opened experiment.
        settings: Settings of the segmentation.

    Returns:
        The files and choices.
    """
    return SegmenterFiles(
        path=model_path(experiment, settings),
        regions=tuple(experiment.settings.cohort.regions.items()),
        labels=None if settings.labels is None else tuple(settings.labels.items()),
        own=settings.model is None,
        mirroring=settings.mirroring,
        description=experiment.folder.segmentation_model,
    )


@lru_cache(maxsize=1)
def load_segmenter(files: SegmenterFiles, _fingerprint: str) -> Segmenter:
    """Load the network once for all studies.

    Args:
        files: Files that are needed to load the network.
        _fingerprint: Fingerprint of the training, which tells networks apart.

    Returns:
        The network.
    """
    from lessgad.segmentation.nnunet_segmenter import Segmenter

    labels = None if files.labels is None else dict(files.labels)
    return Segmenter.load(files.path, dict(files.regions), labels, own=files.own, mirroring=files.mirroring)


def model_path(experiment: Experiment, settings: SegmentationSettings) -> Path:
    """Give the folder of the network.

    Args:
        experiment: The opened experiment.
        settings: Settings of the segmentation.

    Returns:
        The folder.
    """
    if settings.model is not None:
        return experiment.folder.root / settings.model
    from lessgad.segmentation.nnunet_environment import DATASET, PLANS

    name = f"nnUNetTrainer__{PLANS}__{settings.configuration}"
    return experiment.folder.nnunet / "results" / DATASET / name


def check_segmentation(experiment: Experiment) -> None:
    """Raise SettingsError or ModelError, before hours of other work, where segmentation is asked for and cannot be.

    Regions that overlap, a cohort without masks, nnU-Net not installed, a model folder that is not there.

    Args:
        experiment: The opened experiment.
    """
    from lessgad.segmentation.nnunet_environment import check_installed

    settings = experiment.settings.segmentation
    if settings is None:
        return
    check_regions(experiment.settings.cohort.regions)
    check_installed()
    if settings.model is not None:
        if not (folder := model_path(experiment, settings)).is_dir():
            raise ModelError(
                "There is no such folder; segmentation.model must name the folder of a trained nnU-Net", path=folder
            )
    elif not any(study.mask is not None for study in experiment.studies(["train"])):
        raise SettingsError(
            "Segmentation needs a mask of at least one training patient, and there is none", remedy=NO_MASKS
        )
