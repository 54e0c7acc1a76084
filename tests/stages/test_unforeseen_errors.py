# SPDX-License-Identifier: Apache-2.0
"""A bug is one line, and its traceback is in the log."""

import os
import re
from pathlib import Path

from test_bad_input import one_line


def test_an_unforeseen_error(lessgad, tiny_experiment, monkeypatch):
    root = tiny_experiment("prepare")

    def break_down(*_arguments, **_more):
        raise ValueError(f"something odd\nwith {root}/prepared/sub-05/sub-05_x.nii")

    monkeypatch.setattr("lessgad.training.trainer.train", break_down)
    code, _, err = lessgad("run", root)
    assert code == 3
    line = one_line(err)
    assert "ValueError" in line
    assert "bug" in line
    assert str(root / "logs") in line
    log = sorted((root / "logs").iterdir())[-1].read_text()
    assert "Traceback" in log
    assert "something odd" in log
    assert "sub-" not in log
    assert str(root.parent) not in log
    assert os.sep + "lessgad" + os.sep not in log


def test_an_unforeseen_error_without_a_log(lessgad, tiny_experiment, monkeypatch, tmp_path):
    root = tiny_experiment("prepare")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("lessgad.pipeline.status.known_failures", lambda *_: 1 / 0)
    code, _, err = lessgad("status", root)
    assert code == 3
    place = re.search(r"the traceback is in (\S+)", one_line(err))[1]
    assert "ZeroDivisionError" in Path(place).read_text()
