# SPDX-License-Identifier: Apache-2.0
"""What the tests of `lessgad restore` share: a model, and a scan."""

import shutil

import nibabel
import numpy as np
import pytest
import torch
import yaml

from lessgad.field.checkpoint import read_description, write_weights
from lessgad.field.conditional_field import ConditionalField


@pytest.fixture
def model(tiny_stages, tmp_path):
    """A model that sees the low dose alone and does little, with the settings and limits of a trained one."""
    folder = shutil.copytree(tiny_stages / "train" / "models" / "all-doses", tmp_path / "model")
    description = yaml.safe_load((folder / "model.yaml").read_text())
    description["field"]["inputs"] = ["low_dose"]
    (folder / "model.yaml").write_text(yaml.safe_dump(description))
    torch.manual_seed(0)
    field = ConditionalField(read_description(folder).field)
    with torch.no_grad():
        for parameter in (*field.layers[-1].parameters(), *field.shifts.parameters()):
            parameter.mul_(0.1)
    write_weights(folder / "best.safetensors", field)
    return folder


@pytest.fixture
def low(tmp_path, tiny):
    """A low-dose scan with its axes in another order, in units of its own."""
    t1, _, _ = tiny.head(77)
    image = nibabel.nifti1.Nifti1Image(t1 * np.float32(0.37), tiny.AFFINE)
    turned = image.as_reoriented(nibabel.orientations.axcodes2ornt(("S", "P", "R")))
    nibabel.save(turned, tmp_path / "low.nii.gz")
    return tmp_path / "low.nii.gz"
