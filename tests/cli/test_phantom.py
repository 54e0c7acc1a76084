# SPDX-License-Identifier: Apache-2.0
"""`lessgad phantom`: what its options ask of the cohort, and what cannot be is one line before anything is scanned."""

import pytest

from lessgad.cli.main import exit_code
from lessgad.phantom.scanner import LOW_DOSES


@pytest.fixture
def asked(monkeypatch):
    """What the command asks of `write_cohort`, which is not done."""
    calls = []
    monkeypatch.setattr(
        "lessgad.phantom.cohort.write_cohort",
        lambda *arguments, **options: calls.append((arguments, options)),
    )
    return calls


@pytest.mark.parametrize(
    ("arguments", "low_doses", "dicom"),
    [
        ([], LOW_DOSES, False),
        (["--low-dose", "0.3", "--low-dose", "0.05"], [0.3, 0.05], False),
        (["--pairs-only"], (), False),
        (["--pairs-only", "--dicom"], (), True),
        (["--pairs-only", "--repeat"], (), False),
    ],
)
def test_which_scans_are_made(asked, capfd, tmp_path, arguments, low_doses, dicom):
    assert exit_code(["phantom", str(tmp_path / "c"), "--patients", "3", "--seed", "7", *arguments]) == 0
    ((given, options),) = asked
    assert given == (tmp_path / "c", 3, 7)
    assert (options["low_doses"], options["dicom"]) == (low_doses, dicom)
    assert options["n_repeats"] == ("--repeat" in arguments)
    assert capfd.readouterr().out.strip() == str(tmp_path / "c")


@pytest.mark.parametrize(("arguments", "shading"), [([], "cosines"), (["--shading", "surface-coils"], "surface-coils")])
def test_the_family_of_the_shading(asked, tmp_path, arguments, shading):
    assert exit_code(["phantom", str(tmp_path / "c"), *arguments]) == 0
    ((_, options),) = asked
    assert options["shading"] == shading


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pairs-only", "--low-dose", "0.1"], "--pairs-only and --low-dose"),
        (["--low-dose", "30"], "Did you mean 0.3?"),
        (["--low-dose", "1"], "not between 0 and 1"),
        (["--low-dose", "-0.1"], "dose"),
        (["--low-dose", "much"], "--low-dose"),
        (["--patients", "0"], "--patients"),
        (["--shading", "none"], "--shading"),
    ],
)
def test_what_cannot_be_is_one_line(capfd, tmp_path, arguments, words):
    assert exit_code(["phantom", str(tmp_path / "c"), *arguments]) == 2
    out, err = capfd.readouterr()
    line = [line for line in err.splitlines() if line.startswith("lessgad: ")]
    assert out == ""
    assert len(line) == 1
    assert words in line[0]
    assert not (tmp_path / "c").exists()
