# SPDX-License-Identifier: Apache-2.0
"""The folder of an nnU-Net that compares each voxel with two thresholds: the same labels on any machine."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet

#: In SDs of the image above its mean: from where a voxel is the first region, and from where the second.
THRESHOLDS = (0.8, 1.6)
REGIONS = ("intrameatal", "extrameatal")
_KERNEL, _PATCH = [3, 3, 3], [8, 32, 32]
_NETWORK = {
    "n_stages": 2,
    "features_per_stage": [2, 2],
    "kernel_sizes": [_KERNEL, _KERNEL],
    "strides": [[1, 1, 1], [2, 2, 2]],
    "n_conv_per_stage": [1, 1],
    "n_conv_per_stage_decoder": [1],
    "conv_bias": True,
    "norm_op": None,
    "norm_op_kwargs": None,
    "dropout_op": None,
    "dropout_op_kwargs": None,
    "nonlin_kwargs": {"inplace": True},
}


def write_threshold_model(folder: Path, spacing_mm: tuple[float, float, float]) -> Path:
    """Write the folder; `spacing_mm` is that of the images along x, y, z, so that nothing is resampled."""
    resampling = {
        f"resampling_fn_{kind}{end}": value
        for kind in ("data", "seg", "probabilities")
        for end, value in (
            ("", "resample_torch_fornnunet"),
            ("_kwargs", {"is_seg": kind == "seg", "force_separate_z": False, "memefficient_seg_resampling": False}),
        )
    }
    configuration = {
        "data_identifier": "thresholds",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": _PATCH,
        "spacing": list(spacing_mm[::-1]),
        "normalization_schemes": ["ZScoreNormalization"],
        "use_mask_for_norm": [False],
        **resampling,
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {**_NETWORK, "conv_op": "torch.nn.Conv3d", "nonlin": "torch.nn.LeakyReLU"},
            "_kw_requires_import": ["conv_op", "nonlin"],
        },
        "batch_dice": False,
    }
    plans = {
        "dataset_name": "Dataset001_thresholds",
        "plans_name": "nnUNetPlans",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {"3d_fullres": configuration},
        "image_reader_writer": "SimpleITKIO",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": dict.fromkeys(("mean", "std", "percentile_00_5"), 0.0)},
    }
    labels = {"background": 0, **{name: number for number, name in enumerate(REGIONS, start=1)}}
    dataset = {"channel_names": {"0": "MRI"}, "labels": labels, "numTraining": 1, "file_ending": ".nii.gz"}
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    state = {"network_weights": _weights(), "init_args": {"configuration": "3d_fullres", "fold": 0}}
    torch.save(state, folder / "fold_0" / "checkpoint_final.pth")
    return folder


def _weights() -> dict[str, torch.Tensor]:
    """One channel passes the image on, through the skip connection; everything else is 0."""
    network = PlainConvUNet(1, conv_op=torch.nn.Conv3d, nonlin=torch.nn.LeakyReLU, num_classes=3, **_NETWORK)
    first, second = THRESHOLDS
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        network.encoder.stages[0][0].convs[0].conv.weight[0, 0, 1, 1, 1] = 1
        network.decoder.stages[0].convs[0].conv.weight[0, 2, 1, 1, 1] = 1  # after the two of the coarser scale
        for label, (slope, offset) in enumerate(((0, 0), (1, -first), (2, -first - second))):
            network.decoder.seg_layers[0].weight[label, 0] = slope
            network.decoder.seg_layers[0].bias[label] = offset
    return network.state_dict()
