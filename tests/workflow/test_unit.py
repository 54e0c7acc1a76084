# SPDX-License-Identifier: Apache-2.0
"""Units: done once, under a lock, with a record; leftovers of killed runs removed."""

from functools import partial
from pathlib import Path

import pytest

from lessgad.errors import LockedError, StorageError, VolumeError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.lock import holding
from lessgad.experiment.record import read_record
from lessgad.workflow.unit import Advance, Unit, do_unit, unit_state


def write(path: Path, text: str, _advance: Advance) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


def fail(error: Exception, _advance: Advance) -> None:
    raise error


def ignore(_done: float, _note: str) -> None:
    pass


@pytest.fixture
def folder(tmp_path):
    return ExperimentFolder(tmp_path)


@pytest.fixture
def unit(tmp_path):
    output = tmp_path / "prepared" / "sub-01.txt"
    return Unit("prepare", "sub-01", "preparation of sub-01", "f1", partial(write, output, "x"), (output,))


def changed(unit: Unit, **changes: object) -> Unit:
    return Unit(**{**vars(unit), **changes})


def test_a_unit_is_done_once(folder, unit):
    assert unit_state(folder, unit) == "to do"
    first = do_unit(folder, unit, ignore)
    assert unit_state(folder, unit) == "done"
    assert do_unit(folder, unit, ignore) == first
    assert unit.outputs[0].read_text() == "x"


def test_another_fingerprint_is_stale_and_done_again(folder, unit):
    do_unit(folder, unit, ignore)
    other = changed(unit, fingerprint="f2")
    assert unit_state(folder, other) == "stale"
    do_unit(folder, other, ignore)
    assert unit.outputs[0].read_text() == "xx"
    assert (unit_state(folder, other), unit_state(folder, unit)) == ("done", "stale")


def test_a_deleted_output_is_to_do_again(folder, unit):
    do_unit(folder, unit, ignore)
    unit.outputs[0].unlink()
    assert unit_state(folder, unit) == "to do"
    do_unit(folder, unit, ignore)
    assert unit.outputs[0].read_text() == "x"


def test_a_study_s_failure_is_recorded_without_its_place_and_tried_again(folder, unit, tmp_path):
    error = VolumeError("a whole file", f"a damaged one ({tmp_path}/a.nii)", tmp_path / "a.nii")
    record = do_unit(folder, changed(unit, work=partial(fail, error)), ignore)
    assert record.outcome == "failed"
    assert record.reason == "a.nii: wanted a whole file, got a damaged one (a.nii)."
    assert unit_state(folder, unit) == "failed"
    assert do_unit(folder, unit, ignore).outcome == "done"
    assert unit_state(folder, unit) == "done"


@pytest.mark.parametrize("error", [StorageError("room", "none"), ValueError("a bug"), KeyboardInterrupt()])
def test_what_is_not_the_study_s_fault_is_raised_and_leaves_no_record(folder, unit, error):
    with pytest.raises(type(error)):
        do_unit(folder, changed(unit, work=partial(fail, error)), ignore)
    assert read_record(folder.record("prepare", "sub-01")) is None
    with holding(folder.lock("prepare", "sub-01"), "a look"):
        pass


def test_a_lock_names_its_holder(folder, unit):
    with (
        holding(folder.lock("prepare", "sub-01"), "preparation of sub-01"),
        pytest.raises(LockedError, match=r"preparation of sub-01.*process \d+ on .+ since 20"),
    ):
        do_unit(folder, unit, ignore)
    assert not unit.outputs[0].exists()


def test_leftovers_of_a_killed_run_go_and_those_of_others_stay(folder, unit, tmp_path):
    resume = tmp_path / "models" / "resume.pt"
    unit = changed(unit, passing=(resume,))
    record = folder.record("prepare", "sub-01")
    mine = [
        unit.outputs[0].with_name(".tmp-0123abcd-sub-01.txt"),
        resume.with_name(".tmp-0123abcd-resume.pt"),
        record.with_name(".tmp-0123abcd-sub-01.json"),
        record.with_name(".tmp-0123abcd-sub-01.holder.json"),
    ]
    others = [
        unit.outputs[0].with_name(".tmp-0123abcd-sub-02.txt"),
        record.with_name(".tmp-0123abcd-sub-02.json"),
    ]
    for path in mine + others:
        write(path, "half", ignore)
    do_unit(folder, unit, ignore)
    assert [path for path in mine if path.exists()] == []
    assert [path for path in others if not path.exists()] == []
