# SPDX-License-Identifier: Apache-2.0
import shutil

import numpy as np
import pytest
import torch

from lessgad.errors import SettingsError
from lessgad.segmentation.nnunet_segmenter import Segmenter
from lessgad.segmentation.nnunet_training import folds_of, model_folder, train_segmentation
from lessgad.volume import Volume

pytestmark = pytest.mark.slow
REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}


def checkpoint(task):
    path = model_folder(task.folder, task.settings) / "fold_0" / "checkpoint_final.pth"
    return torch.load(path, weights_only=True)


def same_weights(one, other):
    pairs = zip(one["network_weights"].values(), other["network_weights"].values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_it_lies_as_nnunet_lays_it(trained):
    folder = model_folder(trained.folder, trained.settings)
    assert folder.name == "nnUNetTrainer__nnUNetPlans__quick"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"plans.json", "dataset.json", "dataset_fingerprint.json", "fold_0/checkpoint_final.pth"}
    state = checkpoint(trained)
    assert state["current_epoch"] == 2
    assert state["trainer_name"] == "nnUNetTrainer"


def test_what_is_trained_is_left_as_it_is(trained):
    before = {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*.b2nd")}
    before |= {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*.pth")}
    assert len(before) == 2 * 3 + 1  # of training patients alone
    train_segmentation(trained, lambda _share, _note: None)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.usefixtures("few_steps")
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(trained, make_task, tmp_path):
    class Stopped(BaseException):
        pass

    def stop(_share, note):
        if note.startswith("epoch 1"):
            raise Stopped

    task = make_task(tmp_path / "again")
    shutil.copytree(trained.folder / "preprocessed", task.folder / "preprocessed")
    with pytest.raises(Stopped):
        train_segmentation(task, stop)
    notes = []
    train_segmentation(task, lambda _share, note: notes.append(note))
    assert [note.split(",")[0] for note in notes if note.startswith("epoch")] == ["epoch 2 of 2"]
    assert same_weights(checkpoint(task), checkpoint(trained))


def test_air_background_and_another_order_of_axes(trained, tiny, case_images):
    segmenter = Segmenter.load(model_folder(trained.folder, trained.settings), REGIONS, None, own=True, mirroring=False)
    images = case_images(9)
    image, head = images.image - 1, images.image > 0.05
    stored = Volume(image, tiny.AFFINE)
    labels = segmenter.segment(image, head, stored)
    assert labels.shape == image.shape
    assert labels.max() <= 2
    flipped = Volume(image[::-1].transpose(2, 0, 1), tiny.AFFINE[:, [2, 0, 1, 3]] * [1, -1, 1, 1])
    assert np.array_equal(segmenter.segment(image, head, flipped), labels)
    noisy = np.where(head, image, image + 0.02 * np.random.default_rng(1).random(image.shape, dtype=np.float32))
    assert np.array_equal(segmenter.segment(noisy.astype(np.float32), head, stored), labels)


def test_folds_keep_patients_together(make_task, tmp_path):
    cases = make_task(tmp_path).cases
    assert folds_of(cases, 1) == [["case_001", "case_002", "case_003"]]
    folds = folds_of(cases, 2)
    assert folds == [["case_002", "case_004"], ["case_001", "case_003"]]
    with pytest.raises(SettingsError, match="5 folds need at least 5"):
        folds_of(cases, 5)
