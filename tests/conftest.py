# SPDX-License-Identifier: Apache-2.0
"""What all tests share: where the real scans are, and what happens where they are not."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

# How long an example takes says what else runs here. `make test` draws the same examples at each run, so that a change
# is judged by what it changed; `make explore` and `make soak` draw new ones.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("untimed")
os.environ["CUDA_VISIBLE_DEVICES"] = ""  # results are held to those of a CPU, to the last digit where one resumes


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real scans (LESSGAD_SHARED); without it tests skip, or fail where LESSGAD_REQUIRE_DATA=1."""
    folder = Path(os.environ.get("LESSGAD_SHARED", "shared-not-set"))
    if (folder / "data").is_dir():
        return folder
    reason = "LESSGAD_SHARED does not name the folder with the real scans"
    if os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module ``tests/tiny_cohort.py``: writes generated studies, cohorts and experiments."""
    return _module(Path(__file__).with_name("tiny_cohort.py"))


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def lopsided() -> ModuleType:
    """The module ``tests/lopsided_head.py``: a generated pair that registration can work on."""
    return _module(Path(__file__).with_name("lopsided_head.py"))


@pytest.fixture(scope="session")
def tiny_stages(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``cohort/``, and an experiment as it stood after each stage: ``nothing/``, ``prepare/`` … ``report/``."""
    from lessgad.engine.progress import NullProgress
    from lessgad.experiment.stage_names import STAGES
    from lessgad.pipeline.run import run_experiment

    base = tmp_path_factory.mktemp("tiny")
    tiny.write_cohort(base / "cohort")
    tiny.write_experiment(base / "nothing", "../cohort")
    before = base / "nothing"
    for stage in STAGES:
        shutil.copytree(before, base / stage)
        assert run_experiment(base / stage, [stage], NullProgress()) == []
        before = base / stage
    return base


@pytest.fixture
def tiny_experiment(tiny_stages: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Give an experiment of one's own, with its cohort beside it, as it stood after a stage."""

    def copy(after: str) -> Path:
        shutil.copytree(tiny_stages / "cohort", tmp_path / "cohort")
        return shutil.copytree(tiny_stages / after, tmp_path / "experiment")

    return copy


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """The module ``tests/reader_study/made_readings.py``: answer sets of reader studies."""
    return _module(Path(__file__).parent / "reader_study" / "made_readings.py")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; without it tests skip, or fail where LESSGAD_REQUIRE_DATA=1."""
    found = shutil.which("chromium")
    if found:
        return found
    reason = "no chromium: apt-get install -y --no-install-recommends chromium"
    if os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
