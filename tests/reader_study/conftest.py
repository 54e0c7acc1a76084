# SPDX-License-Identifier: Apache-2.0
"""A small reader study to test on."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """The module ``small_study.py``: writes a study, and reads in it as a browser would."""
    return _module("small_study")


@pytest.fixture(scope="session")
def served() -> ModuleType:
    """The module ``served.py``: a server process of one's own."""
    return _module("served")


def _module(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(small: ModuleType, tmp_path: Path):
    """A study of one practice case and three others, two doses, open."""
    return small.write_study(tmp_path / "reader")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with little work; ``test_passwords.py`` tests how much it really is."""
    from argon2 import PasswordHasher

    from lessgad.reader_study.store import passwords

    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
