# SPDX-License-Identifier: Apache-2.0
"""Every command in the documentation is one that lessgad has; the reference is what the code says."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lessgad.cli.main import app, exit_code
from lessgad.cli.plain_flags import command_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))


def commands_in(path: Path) -> list[str]:
    """The lines of console blocks that call lessgad, without their comments; blocks may be indented in lists."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", text, flags=re.S | re.M)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("lessgad ")]


def parsed(words: list[str]) -> None:
    """Parse a command line as lessgad does, without running it."""
    from lessgad.cli.main import _labels_spread

    words = _labels_spread(words)
    command = command_of(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("lessgad", words)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_commands_are_ones_that_lessgad_has(page):
    for line in commands_in(page):
        parsed(shlex.split(line)[1:])


def test_a_wrong_option_would_be_found():
    assert sum(len(commands_in(page)) for page in PAGES) > 20
    with pytest.raises(Exception, match="--nonsense"):
        parsed(["describe", "COHORT", "--nonsense"])
    with pytest.raises(KeyError):
        parsed(["nonsense"])


def test_how_tos_that_need_no_training_run_as_documented(tiny, tmp_path, monkeypatch, capsys):
    """Labels, import of NIfTI files, description: their commands, on small files of the documented names."""
    monkeypatch.chdir(tmp_path)
    for patient in ("001", "002"):
        t1, t1ce, labels = tiny.head(int(patient))
        tiny.save(tmp_path / "scans" / f"{patient}_t1.nii.gz", t1)
        tiny.save(tmp_path / "scans" / f"{patient}_t1gd.nii.gz", t1ce)
        tiny.save(tmp_path / "masks" / f"{patient}.nii.gz", (4 * (labels == 1) + (labels == 2)).astype("int16"))
    dry, *_ = commands_in(DOCS / "how_to" / "nifti.md")
    assert exit_code(shlex.split(dry)[1:]) == 0, capsys.readouterr().err
    assert not (tmp_path / "COHORT").exists()
    real = [word for word in shlex.split(dry)[1:] if word != "--dry-run"]
    assert exit_code(real) == 0
    (labels_command,) = commands_in(DOCS / "how_to" / "labels.md")
    assert exit_code(shlex.split(labels_command)[1:]) == 0, capsys.readouterr().err
    regions = yaml.safe_load((tmp_path / "EXPERIMENT" / "experiment.yaml").read_text())["cohort"]["regions"]
    assert regions == {"enhancing": [4], "core": [1]}
    describe = next(line for line in commands_in(DOCS / "tutorial.md") if line.startswith("lessgad describe"))
    assert exit_code(shlex.split(describe)[1:]) == 0
    assert (tmp_path / "TABLES" / "table1.tex").is_file()


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_reference_names_every_command_and_setting():
    spec = importlib.util.spec_from_file_location("reference_pages", DOCS / "reference_pages.py")
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    commands = pages.commands_page()
    for name in ("restore", "view", "describe", "bids-app", "reader serve", "node run"):
        assert f"## lessgad {name}\n" in commands
    assert "`--pre-contrast`" in commands
    settings = pages.settings_page()
    for name in ("training.n_samples", "simulation.noise", "answer.level", "cohort.regions", "doses"):
        assert f"`{name}`" in settings
    tables = pages.tables_page()
    assert "## similarity.csv" in tables
    assert "| `psnr_db` | PSNR in dB" in tables
    for name in ("Restorer", "read_volume", "register"):
        assert f"## lessgad.{name}\n" in pages.api_page()
    rows = [line for line in settings.splitlines() if line.startswith("| `")]
    assert [line for line in rows if line.rstrip().endswith("|  |")] == []  # every setting is documented


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    assert (tmp_path / "site" / "reference" / "commands" / "index.html").is_file()
