# SPDX-License-Identifier: Apache-2.0
"""`lessgad reader` says in one line what is missing."""

import importlib.util
import socket
from pathlib import Path

import pytest

from lessgad.cli.main import exit_code

COMMANDS = [["create"], ["add", "kim"], ["serve"], ["verify"], ["results"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_without_its_packages(command, tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "fastapi" else found(name))
    assert exit_code(["reader", command[0], str(tmp_path), *command[1:]]) == 2
    said = capsys.readouterr().err
    assert "needs fastapi, which is not installed" in said
    assert "pip install '.[reader]'" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [*COMMANDS[1:], ["backup", "copy.sqlite"]], ids=lambda command: command[0])
def test_without_a_reader_study(command, tmp_path, capsys):
    assert exit_code(["reader", command[0], str(tmp_path), *command[1:]]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "lessgad reader create" in said
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def study(tmp_path):
    path = Path(__file__).parents[1] / "reader_study" / "small_study.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    small = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(small)
    small.write_study(tmp_path / "reader", n_cases=1, n_practice=0, shape=(6, 6, 4))
    return tmp_path


def test_a_taken_port(study, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert exit_code(["reader", "serve", str(study), "--port", str(port)]) == 2
    assert "is taken. Choose another with --port" in capsys.readouterr().err
