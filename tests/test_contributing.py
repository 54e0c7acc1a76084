# SPDX-License-Identifier: Apache-2.0
"""CONTRIBUTING.md shows the imports of today, and names files that exist."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drawing():
    spec = importlib.util.spec_from_file_location("imports_picture", ROOT / "docs" / "imports_picture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_up_to_date(drawing):
    assert drawing.with_picture(PAGE) == PAGE, "run: python docs/imports_picture.py"


def test_no_import_is_lost_by_leaving_out_what_follows(drawing):
    imports = drawing.imports_of_packages()
    drawn: dict[str, set[str]] = {name: set() for name in imports}
    for one, other in drawing.direct(imports):
        drawn[one].add(other)

    def reach(name: str, of: dict[str, set[str]]) -> set[str]:
        return of[name] | {far for near in of[name] for far in reach(near, of)}

    assert all(reach(name, drawn) == reach(name, imports) for name in imports)
    assert "dose" in reach("training", drawn)
    assert "training" not in reach("dose", drawn)


def test_every_file_that_is_named_exists():
    named = re.findall(r"`((?:[\w/]+/)?[\w]+\.(?:py|yaml|md))`|`((?:\w+/)+)`", PAGE)
    paths = [one or other for one, other in named]
    assert len(paths) > 15
    missing = [p for p in paths if not ((ROOT / p).exists() or (ROOT / "src" / "lessgad" / p).exists())]
    assert not missing
