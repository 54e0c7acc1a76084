# SPDX-License-Identifier: Apache-2.0
"""Units: done once, under a lock, with a record; leftovers of killed runs removed."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from standin import do, fail, needs, standing_of, state, unit_of, write

from lessgad.engine.do_unit import Job, do_job
from lessgad.engine.lock import holding
from lessgad.engine.record import FORMAT, read_record, write_record
from lessgad.engine.state_folder import StateFolder
from lessgad.errors import InputError, SettingsError, StorageError, VolumeError


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / ".state")


def test_a_unit_is_done_once(tmp_path: Path):
    unit = unit_of(tmp_path)
    assert state(tmp_path, unit) == "to do"
    first = do(tmp_path, unit)
    assert state(tmp_path, unit) == "done"
    assert do(tmp_path, unit) == first
    assert unit.outputs[0].read_text() == "x"


def test_another_fingerprint_is_stale_and_done_again(tmp_path: Path):
    unit, other = unit_of(tmp_path), unit_of(tmp_path, text="y")
    do(tmp_path, unit)
    assert state(tmp_path, other) == "stale"
    do(tmp_path, other)
    assert unit.outputs[0].read_text() == "xy"
    assert (state(tmp_path, other), state(tmp_path, unit)) == ("done", "stale")


def test_a_deleted_output_is_to_do_again(tmp_path: Path):
    unit = unit_of(tmp_path)
    do(tmp_path, unit)
    unit.outputs[0].unlink()
    assert state(tmp_path, unit) == "to do"
    do(tmp_path, unit)
    assert unit.outputs[0].read_text() == "x"


def test_a_study_s_failure_is_recorded_without_its_place_and_tried_again(tmp_path: Path):
    error = VolumeError(f"The file is damaged ({tmp_path}/a.nii)", path=tmp_path / "a.nii")
    done = do(tmp_path, unit_of(tmp_path, work=partial(fail, error)))
    assert done.record is not None
    assert done.record.outcome == "failed"
    assert done.record.reason == "a.nii: The file is damaged (a.nii)."
    assert state(tmp_path, unit_of(tmp_path)) == "failed"
    assert do(tmp_path, unit_of(tmp_path)).record.outcome == "done"
    assert state(tmp_path, unit_of(tmp_path)) == "done"


def test_what_failed_and_was_mended_is_stale(tmp_path: Path):
    """Its files are others now: the failure says nothing of them."""
    do(tmp_path, unit_of(tmp_path, work=partial(fail, VolumeError("There is no mask"))))
    assert state(tmp_path, unit_of(tmp_path)) == "failed"
    assert state(tmp_path, unit_of(tmp_path, text="mended")) == "stale"


@pytest.mark.parametrize("error", [StorageError("There is no room"), ValueError("a bug"), KeyboardInterrupt()])
def test_what_is_nobodys_fault_is_raised_and_leaves_no_record(
    tmp_path: Path, folder: StateFolder, error: BaseException
):
    with pytest.raises(type(error)):
        do(tmp_path, unit_of(tmp_path, work=partial(fail, error)))
    assert read_record(folder.record("prepare/sub-01")) is None
    with holding(folder.lock("prepare/sub-01"), "a look"):
        pass


def test_a_bug_in_one_study_fails_that_study_alone(tmp_path: Path):
    done = do(tmp_path, unit_of(tmp_path, subject="sub-01", work=partial(fail, ValueError("odd\nthing"))))
    assert done.record is not None
    assert done.record.outcome == "failed"
    said = r"internal error, a bug: ValueError in fail, line \d+: odd thing; the traceback is in the log of the run"
    assert re.fullmatch(said, done.record.reason)
    assert "Traceback" in done.traceback
    assert state(tmp_path, unit_of(tmp_path, subject="sub-01")) == "failed"


def test_a_full_disk_is_no_fault_of_the_study(tmp_path: Path):
    no_room = OSError(28, "No space left on device")
    with pytest.raises(StorageError, match="no space left"):
        do(tmp_path, unit_of(tmp_path, subject="sub-01", work=partial(fail, no_room)))


@pytest.mark.parametrize("error", [VolumeError("There is no such file"), FileNotFoundError("a.nii")])
def test_a_cohort_that_vanishes_is_no_fault_of_the_study(tmp_path: Path, folder: StateFolder, error: Exception):
    unit = unit_of(tmp_path, subject="sub-01", stands_on=tmp_path / "cohort", work=partial(fail, error))
    with pytest.raises(InputError, match=r"cohort: The folder was there when the run began"):
        do(tmp_path, unit)
    assert read_record(folder.record(unit.key)) is None


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path):
    source = tmp_path / "a.nii"
    source.write_text("before")
    unit = unit_of(tmp_path, sources=((source, "the hash of before"),))
    assert "a.nii: The file was changed during the run" in do(tmp_path, unit).record.reason


def test_somebody_elses_unit_is_skipped(tmp_path: Path, folder: StateFolder):
    unit = unit_of(tmp_path)
    mark = standing_of(tmp_path, unit).fingerprint(unit.key)
    with holding(folder.lock(unit.key), unit.what, mark):
        assert state(tmp_path, unit) == "running"
        done = do(tmp_path, unit)
    assert done.record is None
    assert done.held_by is not None
    assert not unit.outputs[0].exists()


def test_somebody_with_other_settings_is_an_error(tmp_path: Path, folder: StateFolder):
    unit = unit_of(tmp_path)
    with (
        holding(folder.lock(unit.key), unit.what, "another"),
        pytest.raises(SettingsError, match=r"other settings.*process \d+ on .+ since 20"),
    ):
        do(tmp_path, unit)


def test_an_input_that_changes_underneath_is_noticed(tmp_path: Path, folder: StateFolder):
    first = unit_of(tmp_path)

    def work(_doing):
        write_record(folder.record(first.key), "of another run")

    second = unit_of(tmp_path, "sub-02", inputs=(needs(first.key),), work=work)
    do(tmp_path, first)
    with pytest.raises(SettingsError, match="Another run has changed prepare/sub-01"):
        do(tmp_path, second, first)
    assert read_record(folder.record(second.key)) is None


def test_a_unit_does_not_begin_on_what_is_not_there(tmp_path: Path, folder: StateFolder):
    first = unit_of(tmp_path)
    second = unit_of(tmp_path, "sub-02", inputs=(needs(first.key),))
    with pytest.raises(SettingsError, match="Another run has changed prepare/sub-01"):
        do_job(folder, Job.of(standing_of(tmp_path, first, second), second), lambda *_: None)
    assert not second.outputs[0].exists()


def test_who_spoils_others_outputs_takes_their_records_first(tmp_path: Path, folder: StateFolder):
    card = unit_of(tmp_path, "limits")
    do(tmp_path, card)
    training = unit_of(tmp_path, "model", spoils=(card.key,), work=partial(fail, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        do(tmp_path, training)
    assert read_record(folder.record(card.key)) is None


def test_leftovers_of_a_killed_run_go_and_those_of_others_stay(tmp_path: Path, folder: StateFolder):
    resume, tables = tmp_path / "models" / "resume.pt", tmp_path / "tables"
    unit = unit_of(tmp_path, passing=(resume, tables))
    record = folder.record(unit.key)
    mine = [
        unit.outputs[0].with_name(".tmp-0123abcd-sub-01.txt"),
        resume.with_name(".tmp-0123abcd-resume.pt"),
        tables / ".tmp-0123abcd-similarity.csv",
        record.with_name(".tmp-0123abcd-sub-01.json"),
    ]
    others = [
        unit.outputs[0].with_name(".tmp-0123abcd-sub-02.txt"),
        record.with_name(".tmp-0123abcd-sub-02.json"),
    ]
    for path in mine + others:
        write(path, "half", None)
    do(tmp_path, unit)
    assert [path for path in mine if path.exists()] == []
    assert [path for path in others if not path.exists()] == []


def test_a_record_of_a_newer_lessgad_stops_the_run(tmp_path: Path, folder: StateFolder):
    unit = unit_of(tmp_path)
    do(tmp_path, unit)
    path = folder.record(unit.key)
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT + 1}))
    with pytest.raises(InputError, match="newer lessgad"):
        state(tmp_path, unit)
