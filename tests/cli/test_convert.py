# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of the authors becomes a model that restores."""

import nibabel
import numpy as np
import pytest
import torch

from lessgad.cli.main import exit_code
from lessgad.field.checkpoint import load_field, load_published_checkpoint
from lessgad.field.published import PublishedField
from lessgad.field.published_checkpoint import authors_name


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    network = PublishedField(1)
    path = tmp_path_factory.mktemp("authors") / "generator.pth"
    torch.save({authors_name(name): value for name, value in network.state_dict().items()}, path)
    return path


def test_the_model_is_the_checkpoint(checkpoint, tmp_path):
    assert exit_code(["convert", str(checkpoint), str(tmp_path / "model"), "--dose", "0.1"]) == 0
    field, description = load_field(tmp_path / "model")
    assert (description.dose, description.field.preset, description.field.inputs) == (0.1, "paper", ("low_dose",))
    assert (description.simulation.model, description.simulation.noise) == ("linear", "none")
    field = field.to(memory_format=torch.contiguous_format)  # another layout adds up in another order
    patch = torch.rand(1, 1, 24, 16) * 2 - 1
    with torch.inference_mode():
        expected = load_published_checkpoint(checkpoint)(patch)
        restored = field(patch, torch.tensor([0.1]), torch.zeros(1, 2, 24, 16))
    assert torch.equal(restored, expected)


@pytest.mark.slow
def test_it_restores_a_scan(checkpoint, tmp_path, tiny):
    assert exit_code(["convert", str(checkpoint), str(tmp_path / "model"), "--dose", "0.1"]) == 0
    scan = tmp_path / "low.nii.gz"
    tiny.save(scan, tiny.head(3)[0][:, :, 4:6])
    out = tmp_path / "out.nii.gz"
    assert exit_code(["restore", str(scan), str(out), "--dose", "0.1", "--model", str(tmp_path / "model")]) == 0
    assert np.isfinite(nibabel.load(out).get_fdata()).all()
    other_dose = [str(tmp_path / "other.nii"), "--dose", "0.3", "--model", str(tmp_path / "model")]
    assert exit_code(["restore", str(scan), *other_dose]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dose", "10"], "Did you mean 0.1?"),
        (["--dose", "0.1", "--input", "t3"], "among pre_contrast, low_dose, t2"),
        (["--dose", "0.1", "--input", "pre_contrast"], "include low_dose"),
        (
            ["--dose", "0.1", "--input", "pre_contrast", "--input", "low_dose"],
            "takes 1 input image(s), and 2 were named",
        ),
    ],
)
def test_what_does_not_fit_is_one_line_and_no_model(checkpoint, tmp_path, capsys, arguments, words):
    assert exit_code(["convert", str(checkpoint), str(tmp_path / "model"), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_a_folder_that_exists_is_left_alone(checkpoint, tmp_path, capsys):
    (tmp_path / "model").mkdir()
    assert exit_code(["convert", str(checkpoint), str(tmp_path / "model"), "--dose", "0.1"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert list((tmp_path / "model").iterdir()) == []


def test_what_is_no_checkpoint(tmp_path, capsys):
    (tmp_path / "text.pth").write_text("hello")
    assert exit_code(["convert", str(tmp_path / "text.pth"), str(tmp_path / "model"), "--dose", "0.1"]) == 2
    assert "a PyTorch checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
