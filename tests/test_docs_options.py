# SPDX-License-Identifier: Apache-2.0
"""Every command that a page shows exists, with every option that it is shown with: also in scripts, lists and text.

test_docs_commands.py runs the commands that can run here; this test reaches those for SLURM, DICOM exports and nodes.
"""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from lessgad.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
#: A command ends at the end of its line, of its code span, or of its part of the line.
COMMAND = re.compile(r"(?<![\w./-])lessgad ((?:[a-z][a-z-]*)(?: [^\n`|;&#)]*)?)")
CODE = re.compile(r"^ *```\w*\n(.*?)^ *```|`([^`\n]+)`", flags=re.S | re.M)


def commands(page):
    for block, span in CODE.findall(page.read_text(encoding="utf-8")):
        for line in re.sub(r"\\\n\s*", " ", block or span).splitlines():
            for found in COMMAND.finditer(line):
                yield found.group(1).strip()


def resolved(words):
    """The command that words name, and what is left of them."""
    command = get_command(app)
    while hasattr(command, "commands") and words:
        found = command.commands.get(words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    return command, words


def options_of(command):
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return names | {"--help", "-h"}


def is_a_command(words):
    """A sentence that begins with the name, such as "lessgad reads", is none; upper case or an option makes it one."""
    return words[0] in get_command(app).commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_option_that_a_page_shows_exists(page):
    for line in commands(page):
        words = line.split()
        if not is_a_command(words) and not any(word.startswith("-") for word in words):
            continue
        command, rest = resolved(words)
        shown = {word.split("=")[0].strip("'\"[],.:") for word in rest if re.match(r"\[?--?[a-z]", word)}
        assert shown <= options_of(command), f"lessgad {line}: {sorted(shown - options_of(command))}"


def test_the_check_finds_what_is_wrong(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Run `lessgad run EXPERIMENT --never`.\n\n```bash\nsrun lessgad run E \\\n  --stage train\n```\n")
    assert list(commands(page)) == ["run EXPERIMENT --never", "run E  --stage train"]
    command, rest = resolved(["reader", "add", "EXPERIMENT", "kim", "--coordinator"])
    assert command.name == "add"
    assert rest == ["EXPERIMENT", "kim", "--coordinator"]
    assert "--never" not in options_of(resolved(["run"])[0])
    assert {"--stage", "--shard"} <= options_of(resolved(["run"])[0])
