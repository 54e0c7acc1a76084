# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from lessgad.errors import SettingsError
from lessgad.segmentation import nnunet_environment as module
from lessgad.segmentation.nnunet_environment import PREFIX, check_installed, nnunet_environment


def test_the_users_environment_is_neither_read_nor_changed(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("nnUNet_raw", "/the/users/own")
    monkeypatch.setenv("nnUNet_extTrainer", "/the/users/trainers")
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), nnunet_environment(tmp_path / "here", n_augmenting=0):
        assert os.environ[PREFIX + "raw"] == str(tmp_path / "here" / "raw")
        assert "nnUNet_extTrainer" not in os.environ
        print("nnU-Net has a lot to say")
        1 / 0  # noqa: B018
    assert dict(os.environ) == before
    assert capsys.readouterr().out == ""


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "nnunetv2" else object())
    with pytest.raises(SettingsError, match=r"package nnunetv2 is not installed.*pip install '\.\[segmentation\]'"):
        check_installed()
