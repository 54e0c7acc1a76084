# SPDX-License-Identifier: Apache-2.0
"""Units side by side in processes: a process that is lost costs the unit that it was at, not the run."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest
from standin import fail, standing_of, state, unit_of

from lessgad.engine.bundles import do_bundles
from lessgad.engine.do_unit import Job
from lessgad.engine.processes import LocalProcesses
from lessgad.engine.state_folder import StateFolder
from lessgad.engine.unit import Doing
from lessgad.errors import StorageError, StudyError


def be_killed(tries: Path, n_times: int, target: Path, _doing: Doing) -> None:
    """Be killed the first times, as a process is when memory is short."""
    tries.mkdir(parents=True, exist_ok=True)
    (tries / str(len(list(tries.iterdir())))).touch()
    if len(list(tries.iterdir())) <= n_times:
        os.kill(os.getpid(), signal.SIGKILL)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("x")


def run(root: Path, bundles, at_once: int = 2):
    folder = StateFolder(root / ".state")
    standing = standing_of(root, *(unit for bundle in bundles for unit in bundle))
    jobs = [[Job.of(standing, unit) for unit in bundle] for bundle in bundles]
    return {done.key: done.record for done in do_bundles(folder, jobs, LocalProcesses(at_once))}


def killer(root: Path, name: str, n_times: int):
    output = root / "prepare" / f"{name}.txt"
    work = partial(be_killed, root / "tries" / name, n_times, output)
    return unit_of(root, name, work=work, outputs=(output,), subject=name)


def tries(root: Path, name: str) -> int:
    return len(list((root / "tries" / name).iterdir()))


def test_units_of_a_study_are_done_in_order_and_failures_are_recorded(tmp_path: Path):
    first = unit_of(tmp_path, "a_dose10", subject="a")
    broken = unit_of(tmp_path, "a_dose20", subject="a", work=partial(fail, StudyError("There is no mask")))
    odd = unit_of(tmp_path, "b_dose10", subject="b", work=partial(fail, ValueError("odd")))
    found = run(tmp_path, [[first, broken], [odd]])
    assert {key: record.outcome for key, record in found.items()} == {
        first.key: "done",
        broken.key: "failed",
        odd.key: "failed",
    }
    assert first.outputs[0].read_text() == "x"


@pytest.mark.parametrize("n_times", [1, 2])
def test_a_lost_worker_costs_a_second_try(tmp_path: Path, n_times: int):
    lost, others = killer(tmp_path, "lost", n_times), [killer(tmp_path, f"s{n}", 0) for n in range(5)]
    found = run(tmp_path, [[lost], *([other] for other in others)])
    assert {record.outcome for record in found.values()} == {"done"}
    assert len(found) == 6
    assert tries(tmp_path, "lost") == n_times + 1


def test_who_loses_worker_after_worker_fails_and_the_rest_is_done(tmp_path: Path):
    before, lost, after = unit_of(tmp_path, "a1", subject="a"), killer(tmp_path, "a2", 99), killer(tmp_path, "a3", 0)
    others = [killer(tmp_path, f"s{n}", 0) for n in range(4)]
    found = run(tmp_path, [[before, lost, after], *([other] for other in others)])
    assert found[lost.key].outcome == "failed"
    assert "3 workers were lost while doing this" in found[lost.key].reason
    assert "n_workers: 1" in found[lost.key].reason
    assert {record.outcome for key, record in found.items() if key != lost.key} == {"done"}
    assert len(found) == 7
    assert tries(tmp_path, "a2") == 3
    assert before.outputs[0].read_text() == "x"
    assert state(tmp_path, lost) == "failed"


def test_what_ends_the_run_ends_it(tmp_path: Path):
    full = unit_of(tmp_path, "full", subject="full", work=partial(fail, StorageError("There is no room")))
    with pytest.raises(StorageError, match="There is no room"):
        run(tmp_path, [[full], [killer(tmp_path, "s", 0)]])
    assert state(tmp_path, full) == "to do"
