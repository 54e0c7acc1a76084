# SPDX-License-Identifier: Apache-2.0
"""Experiments and cohorts in folders of any name: every command finds them and writes nowhere else."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessgad.cli.main import exit_code

CHARACTERS = "ab #?%&=+;@'\"[]{}()~!$,*20.é中"
odd = st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=8).filter(lambda name: name.strip(". ") != "")
FEW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


def call(*arguments: object) -> int:
    return exit_code([str(argument) for argument in arguments])


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@settings(max_examples=6, **FEW)
@given(cohort=odd.map(lambda name: f"c{name}"), experiment=odd.map(lambda name: f"e{name}"))
def test_init_and_status(tiny_stages, tmp_path_factory, cohort, experiment):
    base = tmp_path_factory.mktemp("odd")
    shutil.copytree(tiny_stages / "cohort", base / cohort)
    assert call("init", base / experiment, "--cohort", base / cohort) == 0
    assert call("status", base / experiment) == 0
    assert names_in(base) == {cohort, experiment}


@pytest.mark.slow
@settings(max_examples=2, **FEW)
@given(name=odd)
def test_run_prepares_and_reports(tiny_stages, tmp_path_factory, name):
    """Everything up to the report is redone where it stands; the copy of a finished experiment is finished."""
    base = tmp_path_factory.mktemp("odd") / name
    shutil.copytree(tiny_stages / "cohort", base / "cohort")
    shutil.copytree(tiny_stages / "report", base / "experiment")
    shutil.rmtree(base / "experiment" / "prepared" / "sub-05")
    shutil.rmtree(base / "experiment" / "report")
    assert call("run", base / "experiment") == 0
    assert (base / "experiment" / "report" / "index.html").is_file()
    assert names_in(base.parent) == {name}
    assert names_in(base) == {"cohort", "experiment"}


@settings(max_examples=5, **FEW)
@given(name=odd)
def test_import_and_convert_say_what_is_missing_or_write(tiny, tmp_path_factory, name):
    base = tmp_path_factory.mktemp("odd") / name
    t1, t1ce, _ = tiny.head(3)
    tiny.save(base / "scans" / "P1_t1.nii.gz", t1)
    tiny.save(base / "scans" / "P1_t1gd.nii.gz", t1ce)
    patterns = ("--t1", "{patient}_t1.nii.gz", "--t1ce", "{patient}_t1gd.nii.gz")
    assert call("import-nifti", base / "scans", base / "cohort", *patterns) == 0
    assert call("init", base / "experiment", "--cohort", base / "cohort") == 0
    assert call("convert", base / "nowhere.pt", base / "model") == 2
    assert names_in(base) == {"scans", "cohort", "experiment"}
    assert names_in(base.parent) == {name}


def test_names_that_are_not_utf8_are_refused_by_name(tiny_stages, tmp_path, capfd, monkeypatch):
    """They were an internal error in the viewer, and called damaged weights elsewhere."""
    odd_folder = tmp_path / "kopf\udcfc"
    shutil.copytree(tiny_stages / "cohort", odd_folder / "cohort")
    for words in (("init", tmp_path / "e", "--cohort", odd_folder / "cohort"), ("status", odd_folder)):
        assert call(*words) == 2
        assert "kopf\\udcfc" in (said := capfd.readouterr().err)
        assert "bytes that are not UTF-8" in said
    monkeypatch.chdir(odd_folder)
    assert call("status", "e") == 2
    assert names_in(odd_folder) == {"cohort"}
    assert names_in(tmp_path) == {odd_folder.name}


def test_a_patient_whose_folder_is_not_named_in_utf8_is_left_out_by_name(tiny_stages, tmp_path, capfd):
    shutil.copytree(tiny_stages / "cohort", tmp_path / "cohort")
    (tmp_path / "cohort" / "sub-02").rename(tmp_path / "cohort" / "sub-M\udcfc")
    assert call("init", tmp_path / "e", "--cohort", tmp_path / "cohort") == 0
    said = "".join(capfd.readouterr())
    assert "M\\udcfc" in said
    assert "not UTF-8" in said
