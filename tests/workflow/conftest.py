# SPDX-License-Identifier: Apache-2.0
"""What the tests of the workflow share."""

import pytest

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
