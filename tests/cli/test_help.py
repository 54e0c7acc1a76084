# SPDX-License-Identifier: Apache-2.0
"""Help is there, has an example, and costs no heavy import."""

import subprocess
import sys

import pytest

READER = ("create", "add", "serve", "backup", "verify", "results")
COMMANDS = (
    "",
    "describe",
    "init",
    "run",
    "status",
    "restore",
    "view",
    "phantom",
    "power",
    "import-nifti",
    "convert",
    "bids-app",
    "import-dicom",
    "node",
    *(f"node {name}" for name in ("run", "status", "retry")),
    "reader",
    *(f"reader {name}" for name in READER),
)
HEAVY = (
    "torch",
    "itk",
    "pydicom",
    "pynetdicom",
    "monai",
    "nibabel",
    "pandas",
    "fastapi",
    "starlette",
    "sqlmodel",
    "sqlalchemy",
    "uvicorn",
    "argon2",
)
CODE = """
import sys
from lessgad.cli.main import exit_code
code = exit_code(sys.argv[1:])
print("HEAVY", sorted(set({heavy!r}) & set(sys.modules)))
sys.exit(code)
"""


def call(*arguments):
    command = [sys.executable, "-c", CODE.format(heavy=HEAVY), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_imports_nothing_heavy(command):
    done = call(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "HEAVY []" in done.stdout
    assert "Usage: lessgad" in done.stdout
    words = " ".join(done.stdout.split())
    assert f"Usage: lessgad {command}" in words
    assert "<bool>" not in words
    assert ("A first look: lessgad phantom" if not command else f"Example: lessgad {command}") in words


def test_short_help_and_completion():
    assert call("restore", "-h").stdout.startswith(call("restore", "--help").stdout[:200])
    assert "--install-completion" in call("--help").stdout


def test_version_and_no_command():
    done = call("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("lessgad 0.")
    assert call().returncode == 2


def test_every_command_is_listed_and_tested():
    from lessgad.cli.main import app

    groups = {group.typer_instance.info.name: group.typer_instance for group in app.registered_groups}
    alone = {command.name for command in app.registered_commands}
    grouped = {f"{name} {command.name}" for name, group in groups.items() for command in group.registered_commands}
    assert alone | set(groups) | grouped == set(COMMANDS) - {""}
