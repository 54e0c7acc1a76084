# SPDX-License-Identifier: Apache-2.0
"""Units in the workers of a Dask scheduler: a worker that is lost costs the unit that it was at."""

from pathlib import Path

import dask
import pytest
from standin import unit_of
from test_bundles import killer, tries

from lessgad.engine.bundles import do_bundles
from lessgad.engine.dask_workers import DaskWorkers
from lessgad.engine.do_unit import Job
from lessgad.engine.state_folder import StateFolder
from lessgad.errors import LockedError

ONCE = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": 1.0}


@pytest.fixture(scope="module")
def client():
    from distributed import Client, LocalCluster

    with (
        dask.config.set(ONCE),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def run(root: Path, bundles, client, timeout_s: float = 60.0):
    from standin import standing_of

    folder = StateFolder(root / ".state")
    standing = standing_of(root, *(unit for bundle in bundles for unit in bundle))
    jobs = [[Job.of(standing, unit) for unit in bundle] for bundle in bundles]
    return {done.key: done.record for done in do_bundles(folder, jobs, DaskWorkers(client, timeout_s, "two of them"))}


@pytest.mark.slow
def test_a_lost_worker_costs_a_second_try_and_the_third_loss_fails_the_unit(tmp_path: Path, client):
    before, lost, after = unit_of(tmp_path, "a1", subject="a"), killer(tmp_path, "a2", 99), killer(tmp_path, "a3", 0)
    twice, others = killer(tmp_path, "twice", 2), [killer(tmp_path, f"s{n}", 0) for n in range(4)]
    found = run(tmp_path, [[before, lost, after], [twice], *([other] for other in others)], client)
    assert found[lost.key].outcome == "failed"
    assert "3 workers were lost while doing this. A cluster ends jobs" in found[lost.key].reason
    assert {record.outcome for key, record in found.items() if key != lost.key} == {"done"}
    assert len(found) == 8
    assert (tries(tmp_path, "a2"), tries(tmp_path, "twice")) == (3, 3)
    assert before.outputs[0].read_text() == "x"


@pytest.mark.slow
def test_without_any_worker_the_run_ends(tmp_path: Path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as nobody,
        pytest.raises(LockedError, match=r"No worker was there for 1 s \(two of them\)"),
    ):
        run(tmp_path, [[unit_of(tmp_path, "a", subject="a")]], nobody, timeout_s=1.0)
