# SPDX-License-Identifier: Apache-2.0
import json
import os
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import torch

from lessgad.errors import ModelError
from lessgad.segmentation.nnunet_model import read_model

ARCHITECTURE = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {"conv_op": "torch.nn.modules.conv.Conv3d", "dropout_op": None},
    "_kw_requires_import": ["conv_op", "dropout_op"],
}
PLANS = {
    "configurations": {
        "base": {"normalization_schemes": ["ZScoreNormalization"], "architecture": ARCHITECTURE},
        "3d": {"inherits_from": "base"},
    },
    "foreground_intensity_properties_per_channel": {"0": {}},
}
DATASET = {"channel_names": {"0": "T1ce"}, "labels": {"background": 0, "tumor": 1}}
#: With what nnU-Net's own trainers leave in theirs.
STATE = {
    "network_weights": {"layer.weight": torch.zeros(2)},
    "init_args": {"configuration": "3d", "device": torch.device("cpu")},
    "trainer_name": "nnUNetTrainer",
    "_best_ema": np.float64(0.5),
    "logging": {"train_losses": [np.float32(0.1), np.float64(0.2)], "dice": [[np.float64(0.3)]]},
    "inference_allowed_mirroring_axes": (0, 1),
}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    (path / "fold_0").mkdir(parents=True)
    write(path, PLANS, DATASET, STATE)
    return path


def write(path, plans=None, dataset=None, state=None):
    for name, content in (("plans", plans), ("dataset", dataset)):
        if content is not None:
            (path / f"{name}.json").write_text(json.dumps(content))
    if state is not None:
        torch.save(state, path / "fold_0" / "checkpoint_final.pth")


def test_what_nnunet_writes_is_read(folder):
    model = read_model(folder)
    assert (model.configuration, model.mirroring_axes, model.labels) == ("3d", (0, 1), {"tumor": (1,)})
    assert len(model.weights) == 1


def test_every_fold_counts_and_the_best_checkpoint_where_there_is_no_final_one(folder):
    shutil.copytree(folder / "fold_0", folder / "fold_3")
    assert len(read_model(folder).weights) == 2
    for fold in ("fold_0", "fold_3"):
        (folder / fold / "checkpoint_final.pth").rename(folder / fold / "checkpoint_best.pth")
    assert len(read_model(folder).weights) == 2


def test_numbers_of_an_older_numpy_are_read_too(folder):
    path = folder / "fold_0" / "checkpoint_final.pth"
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = next(name for name in members if name.endswith("data.pkl"))
    assert b"numpy._core.multiarray" in members[name]
    members[name] = members[name].replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            file.writestr(member, content)
    assert len(read_model(folder).weights) == 1


class Evil:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("how", ["in a zip", "as a bare pickle"])
def test_a_foreign_pickle_is_refused_and_nothing_of_it_runs(folder, tmp_path, how):
    trace, path = tmp_path / "it_ran", folder / "fold_0" / "checkpoint_final.pth"
    if how == "in a zip":
        torch.save({**STATE, "logging": Evil(trace)}, path)
        assert zipfile.is_zipfile(path)
    else:
        path.write_bytes(pickle.dumps({**STATE, "network_weights": Evil(trace)}, protocol=2))
    with pytest.raises(ModelError, match="nothing in it was run"):
        read_model(folder)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["plans.json", "dataset.json", "fold_0/checkpoint_final.pth"])
def test_an_incomplete_folder(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"folder lacks {name}; it must be that of a trained nnU-Net"):
        read_model(folder)


@pytest.mark.parametrize("n_bytes", [0, 100])
def test_a_truncated_checkpoint(folder, n_bytes):
    os.truncate(folder / "fold_0" / "checkpoint_final.pth", n_bytes)
    with pytest.raises(ModelError, match="checkpoint_final"):
        read_model(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": {**DATASET, "channel_names": {"0": "T1", "1": "T1ce"}}}, "takes 2 channels"),
        ({"dataset": {**DATASET, "labels": [0, 1]}}, "labels is a"),
        ({"dataset": {"labels": {}}}, "lacks"),
        ({"plans": {}}, "lacks 'configurations'"),
        ({"plans": {**PLANS, "foreground_intensity_properties_per_channel": {}}}, "lacks '0'"),
        ({"plans": {"configurations": {"3d": {"inherits_from": "3d"}}}}, "inherits from others than itself"),
        ({"state": {**STATE, "init_args": {"configuration": "2d"}}}, "lacks '2d'"),
        ({"state": {"weights": 1}}, "not a checkpoint of nnU-Net"),
    ],
)
def test_a_model_that_cannot_be_used(folder, change, words):
    write(folder, **change)
    with pytest.raises(ModelError, match=words):
        read_model(folder)


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"previous_stage": "3d_lowres"}, "second stage of a cascade"),
        ({"normalization_schemes": ["CTNormalization"]}, "which is for CT"),
        ({"architecture": {**ARCHITECTURE, "network_class_name": "os.system"}}, "network os.system is not"),
        ({"architecture": {**ARCHITECTURE, "arch_kwargs": {"conv_op": "shutil.rmtree", "dropout_op": None}}}, "rmtree"),
    ],
)
def test_plans_that_are_refused(folder, configuration, words):
    base = {**PLANS["configurations"]["base"], **configuration}
    write(folder, plans={**PLANS, "configurations": {"base": base, "3d": {"inherits_from": "base"}}})
    with pytest.raises(ModelError, match=words):
        read_model(folder)
