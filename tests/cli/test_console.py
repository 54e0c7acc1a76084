# SPDX-License-Identifier: Apache-2.0
"""What people see: bars on a terminal, lines elsewhere, errors in one line."""

import os
import pty
import re
import subprocess
import sys

import pytest

from lessgad.cli.console import ProgressBars, say_error, say_internal_error

DRAW = """
from lessgad.cli.console import ProgressBars
bars = ProgressBars()
bars.begin("train", 10.0)
for done in range(1, 11):
    bars.advance(float(done), f"loss 0.00{done:02}, validation gain +1.50 dB (all-doses)")
    bars.say("sub-01 skipped: [a reason]") if done == 5 else None
bars.end()
"""


def test_an_error_is_one_line(capfd):
    say_error("One\nline has\ttwo")
    assert capfd.readouterr().err == "lessgad: One line has two\n"


def test_an_internal_error_is_one_line_and_names_its_log(capfd, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for note in ("the traceback is in e/logs", None):
        error = ValueError("two\nlines")
        if note:
            error.add_note(note)
        say_internal_error(error)
        err = capfd.readouterr().err
        assert err.startswith("lessgad: internal error, a bug: ValueError")
        assert err.count("\n") == 1
        assert (note or str(tmp_path)) in err


def test_lines_where_there_is_no_terminal(capfd):
    bars = ProgressBars()
    bars.begin("train", 100.0)
    for done in range(1, 101):
        bars.advance(float(done), f"loss {done}")
    bars.end()
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "train …"
    assert lines[1:-1] == [f"train {done} %: loss {done}" for done in range(10, 100, 10)]
    assert lines[-1] == "train done"


def test_a_stage_that_broke_off_is_not_done(capfd):
    bars = ProgressBars()
    bars.begin("train", 100.0)
    bars.advance(40.0, "")
    bars.end()
    assert "done" not in capfd.readouterr().err


@pytest.mark.parametrize("columns", [110, 80, 60])
def test_bars_on_a_terminal(columns):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "30"}
    with subprocess.Popen([sys.executable, "-c", DRAW], stderr=theirs, stdout=theirs, env=environment):
        os.close(theirs)
        drawn = b""
        try:
            while part := os.read(ours, 65536):
                drawn += part
        except OSError:  # how Linux says that nobody writes any more
            pass
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode()).replace("\r", "\n")
    lines = [line for line in text.splitlines() if line.startswith("train")]
    assert "100 %" in lines[-1]
    assert "left" in lines[-1]
    assert "loss 0.0010" in lines[-1]
    assert ("gain +1.50 dB" in lines[-1]) == (columns >= 80)
    assert max(map(len, lines)) <= columns
    assert "sub-01 skipped: [a reason]" in text
