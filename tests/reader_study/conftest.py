# SPDX-License-Identifier: Apache-2.0
"""A small reader study to test on."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """The module ``small_study.py``."""
    path = Path(__file__).with_name("small_study.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(small: ModuleType, tmp_path: Path):
    """A study of one practice case and three others, two doses, open."""
    return small.write_study(tmp_path / "reader")
