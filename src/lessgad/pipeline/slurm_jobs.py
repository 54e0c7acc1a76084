# SPDX-License-Identifier: Apache-2.0
"""Jobs of SLURM that do units of a run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lessgad.engine.bundles import Workers
from lessgad.engine.log import LOGGER
from lessgad.engine.progress import Progress
from lessgad.errors import SettingsError
from lessgad.experiment.cluster_settings import ClusterSettings


@contextmanager
def workers_of_slurm(settings: ClusterSettings, logs: Path, progress: Progress) -> Iterator[Workers]:
    """Ask SLURM for jobs, and provide their workers when the first has started; the jobs end with the block.

    Args:
        settings: Settings of the jobs.
        logs: Folder for the output of jobs.
        progress: Receives messages about waiting.

    Yields:
        The workers.

    Raises:
        SettingsError: SLURM refuses the jobs.
        LockedError: No job begins in time.
    """
    import dask
    from dask_jobqueue import SLURMCluster
    from distributed import Client

    from lessgad.engine.dask_workers import DaskWorkers, quiet, when_there

    # One loss is one try, and no job takes more than it works on: else others' losses would count against it.
    once = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": 1.0}
    with dask.config.set(once), quiet():
        more: dict[str, Any] = {} if settings.interface is None else {"interface": settings.interface}
        with SLURMCluster(
            queue=settings.queue,
            account=settings.account,
            cores=settings.cores,
            processes=settings.cores,
            memory=settings.memory,
            walltime=settings.walltime,
            job_extra_directives=list(settings.directives),
            job_script_prologue=list(settings.prologue),
            log_directory=str(logs),
            scheduler_options={"dashboard": False, "dashboard_address": ":0"},
            **more,
        ) as cluster:
            _check_script(cluster.job_script())
            cluster.scale(jobs=settings.jobs)
            tried = f"{settings.jobs} jobs in queue {settings.queue}: {settings.cores} cores, {settings.memory}, "
            with Client(cluster, set_as_default=False) as client:
                progress.say(f"waits for the first of {settings.jobs} jobs in queue {settings.queue}")
                LOGGER.info("%d jobs asked for", settings.jobs)
                yield when_there(DaskWorkers(client, settings.timeout_s, f"{tried}{settings.walltime}"))


def _check_script(script: str) -> None:
    """Raise SettingsError where SLURM would not take the jobs, such as for a queue that it does not know."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        command = ["sbatch", "--test-only", file.name]
        said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if said.returncode:
        lines = [line for line in said.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise SettingsError(
            f"SLURM does not take the jobs: {lines[0].strip()}",
            remedy="Correct cluster in experiment.yaml; sinfo names queues",
        )
