# SPDX-License-Identifier: Apache-2.0
"""A folder that nnU-Net's own command line trained loads here, and predicts what nnU-Net's predictor predicts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from lessgad.segmentation.nnunet_environment import nnunet_environment
from lessgad.segmentation.nnunet_segmenter import Segmenter
from lessgad.volume import read_volume

DATASET = "Dataset007_Tiny"
REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}
TRAINER = """
import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


class FewSteps(nnUNetTrainer):
    def __init__(self, plans, configuration, fold, dataset_json, device=torch.device("cpu")):
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.num_epochs, self.num_iterations_per_epoch, self.num_val_iterations_per_epoch = 1, 3, 1
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory, tiny):
    """The folder of a model, and an image that it has not seen; with it the environment that trained it."""
    base = tmp_path_factory.mktemp("own")
    raw = base / "raw" / DATASET
    for seed in range(1, 6):
        _, t1ce, labels = tiny.head(seed)
        tiny.save(raw / "imagesTr" / f"P{seed}_0000.nii.gz", t1ce)
        tiny.save(raw / "labelsTr" / f"P{seed}.nii.gz", labels)
    names = {"background": 0, "intrameatal": 1, "extrameatal": 2}
    dataset = {"channel_names": {"0": "T1ce"}, "labels": names, "numTraining": 5, "file_ending": ".nii.gz"}
    (raw / "dataset.json").write_text(json.dumps(dataset))
    (base / "trainers").mkdir()
    (base / "trainers" / "few_steps.py").write_text(TRAINER)
    environment = {**os.environ, "nnUNet_extTrainer": str(base / "trainers"), "nnUNet_compile": "f"}
    environment |= {f"nnUNet_{kind}": str(base / kind) for kind in ("raw", "preprocessed", "results")}
    environment |= {"nnUNet_def_n_proc": "1", "nnUNet_n_proc_DA": "1", "OMP_NUM_THREADS": "1"}
    commands = Path(sys.executable).parent
    for command in (
        ["nnUNetv2_plan_and_preprocess", "-d", "7", "-c", "3d_fullres", "-np", "1", "-npfp", "1"],
        ["nnUNetv2_train", "7", "3d_fullres", "all", "-tr", "FewSteps", "-device", "cpu"],
    ):
        done = subprocess.run(
            [commands / command[0], *command[1:]], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    tiny.save(base / "new_0000.nii.gz", tiny.head(9)[1])
    return base / "results" / DATASET / "FewSteps__nnUNetPlans__3d_fullres", base / "new_0000.nii.gz", environment


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("nnUNetv2_train", path=Path(sys.executable).parent) is None, reason="no nnU-Net")
def test_it_predicts_the_same(own, monkeypatch):
    from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    folder, image, environment = own
    volume = read_volume(image)
    segmenter = Segmenter.load(folder, REGIONS, None, own=False, mirroring=False)
    found = segmenter.predict(volume.array, volume.spacing_mm)

    with nnunet_environment():  # silent
        for name, value in environment.items():
            if name.startswith("nnUNet_"):
                monkeypatch.setenv(name, value)
        predictor = nnUNetPredictor(use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False)
        predictor.initialize_from_trained_model_folder(str(folder), ("all",), "checkpoint_final.pth")
        array, properties = SimpleITKIO().read_images([str(image)])
        wanted = predictor.predict_single_npy_array(array, properties)
    assert np.array_equal(found, wanted.transpose(2, 1, 0))
    assert len(np.unique(found)) > 1  # three steps of training have left it with something to say
    assert nibabel.load(image).shape == found.shape
