# SPDX-License-Identifier: Apache-2.0
"""What the tests of the stages share."""

import pytest
from scanned_doses import SCANNED, label

from lessgad.cli.main import exit_code


@pytest.fixture
def lessgad(capfd):
    """Run a command; gives its exit code, stdout and stderr, which never hold a traceback."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = exit_code([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return run


@pytest.fixture
def scanned(tiny, tiny_experiment):
    """A trained experiment whose cohort has scans at lower doses, which it does not look at yet."""
    root = tiny_experiment("train")
    for patient, session, dose in SCANNED:
        tiny.write_low_dose(root.parent / "cohort", patient, session, dose, label(dose))
    return root
