# SPDX-License-Identifier: Apache-2.0
"""Run `lessgad restore`, and say what a refusal is."""

from lessgad.cli.main import exit_code


def run(capfd, *arguments):
    code = exit_code(["restore", *map(str, arguments)])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def refused(result, *words):
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("lessgad: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err
