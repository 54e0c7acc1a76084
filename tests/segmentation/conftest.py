# SPDX-License-Identifier: Apache-2.0
"""A small nnU-Net, trained for a few steps on the tiny cohort."""

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lessgad.segmentation.nnunet_training import NnunetTrainingTask, train_segmentation
from lessgad.segmentation.segmentation_case import CaseImages, SegmentationCase
from lessgad.segmentation.settings import SegmentationSettings

REGIONS = ("intrameatal", "extrameatal")


@pytest.fixture(scope="session")
def case_images(tiny: ModuleType) -> Callable[[int], CaseImages]:
    """Give the images of a person by their seed."""

    def read(seed: int) -> CaseImages:
        _, t1ce, labels = tiny.head(seed)
        return CaseImages((2 * t1ce / t1ce.max()).astype(np.float32), labels.astype(np.uint8), tiny.SPACING_MM)

    return read


@pytest.fixture(scope="session")
def make_task(case_images: Callable[[int], CaseImages]) -> Callable[..., NnunetTrainingTask]:
    """Make a task of three training and one validation patient."""

    def make(folder: Path, **settings: object) -> NnunetTrainingTask:
        cases = tuple(
            SegmentationCase(f"case_{n:03d}", f"P{n}", n == 4, f"f{n}", lambda n=n: case_images(n)) for n in range(1, 5)
        )
        return NnunetTrainingTask(folder, cases, REGIONS, SegmentationSettings(**{"epochs": 2, **settings}), "mark")

    return make


@pytest.fixture(scope="session")
def few_steps() -> pytest.MonkeyPatch:
    """Two steps an epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessgad.segmentation.nnunet_trainer.QUICK_STEPS", 2)
        yield patch


@pytest.fixture(scope="session")
def trained(
    make_task: Callable[..., NnunetTrainingTask],
    few_steps: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> NnunetTrainingTask:
    """A trained model; nothing of the environment has changed."""
    task = make_task(tmp_path_factory.mktemp("nnunet"))
    few_steps.setenv("nnUNet_raw", "/the/users/own")
    before = dict(os.environ)
    train_segmentation(task, lambda _share, _note: None)
    assert dict(os.environ) == before
    return task
