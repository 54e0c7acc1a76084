# SPDX-License-Identifier: Apache-2.0
"""Other machines that do units of a run: jobs of a batch system, or the workers of a Dask scheduler."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lessgad.engine.bundles import Workers
from lessgad.engine.log import LOGGER
from lessgad.engine.progress import Progress
from lessgad.errors import SettingsError
from lessgad.experiment.cluster_settings import ClusterSettings

CONNECT_S, WAIT_S = 30.0, 600.0
SYSTEMS = ("slurm",)


@dataclass(frozen=True)
class Elsewhere:
    """Where a run does what can be done side by side.

    Attributes:
        cluster: A batch system; None for none.
        scheduler: Address, or scheduler file, of a Dask scheduler that is running; None for none.
    """

    cluster: str | None = None
    scheduler: str | None = None

    def check(self) -> None:
        """Raise SettingsError for what cannot be, before anything is opened."""
        if self.cluster is None and self.scheduler is None:
            return
        if self.cluster is not None and self.scheduler is not None:
            raise SettingsError("--cluster or --scheduler", "both")
        if self.cluster is not None and self.cluster not in SYSTEMS:
            raise SettingsError(f"--cluster {' or '.join(SYSTEMS)}", self.cluster)
        option = "--scheduler" if self.cluster is None else "--cluster"
        needed = ("distributed",) if self.cluster is None else ("distributed", "dask_jobqueue")
        if any(find_spec(name) is None for name in needed):
            raise SettingsError(
                f"the extra lessgad[cluster] for {option}", "none", None, 'Run: pip install "lessgad[cluster]"'
            )
        if self.cluster is not None and shutil.which("sbatch") is None:
            raise SettingsError("the command sbatch, which hands jobs to SLURM", "none", None, "Run on a login node")

    @contextmanager
    def workers(self, settings: ClusterSettings | None, logs: Path, progress: Progress) -> Iterator[Workers | None]:
        """Give the workers while the block runs; None where this machine does it all.

        Args:
            settings: Of the jobs, from experiment.yaml.
            logs: Where jobs print to.
            progress: Is told what is waited for.

        Raises:
            SettingsError: No queue is named, SLURM refuses the jobs, or there is no scheduler.
            LockedError: No worker comes.
        """
        if self.scheduler is not None:
            with _of_scheduler(self.scheduler, WAIT_S if settings is None else settings.timeout_s) as workers:
                yield workers
        elif self.cluster is not None:
            if settings is None:
                raise SettingsError(
                    "the queue of the jobs under cluster in experiment.yaml",
                    "none",
                    None,
                    "Add a line such as: cluster: {queue: NAME, jobs: 4}",
                )
            with _of_slurm(settings, logs, progress) as workers:
                yield workers
        else:
            yield None


HERE = Elsewhere()


@contextmanager
def _of_scheduler(place: str, timeout_s: float) -> Iterator[Workers]:
    from distributed import Client

    from lessgad.engine.dask_workers import DaskWorkers

    address = _address(place)
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        came = " ".join(str(error).split()) or type(error).__name__
        raise SettingsError(f"a Dask scheduler at {place}", f"none ({came})") from error
    with _quiet(), client:
        yield _when_there(DaskWorkers(client, timeout_s, f"the scheduler at {place}"))


def _address(place: str) -> str:
    """Give the address of a scheduler, from its scheduler file where a file is named."""
    file = Path(place)
    if not place.endswith(".json") and not file.is_file():
        return place
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except FileNotFoundError as error:
        raise SettingsError("the scheduler file of a Dask scheduler", "no such file", file) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError("the scheduler file of a Dask scheduler", "another file", file) from error


@contextmanager
def _of_slurm(settings: ClusterSettings, logs: Path, progress: Progress) -> Iterator[Workers]:
    import dask
    from dask_jobqueue import SLURMCluster
    from distributed import Client

    from lessgad.engine.dask_workers import DaskWorkers

    # One loss is one try, and no job takes more than it works on: else others' losses would count against it.
    once = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.worker-saturation": 1.0}
    with dask.config.set(once), _quiet():
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
                yield _when_there(DaskWorkers(client, settings.timeout_s, f"{tried}{settings.walltime}"))


def _when_there(workers: Any) -> Workers:  # noqa: ANN401 - DaskWorkers, whose module is imported when it is needed
    """Wait for the first worker."""
    from lessgad.engine.dask_workers import no_worker

    try:
        workers.client.wait_for_workers(1, timeout=workers.timeout_s)
    except TimeoutError as error:
        raise no_worker(workers.timeout_s, workers.tried) from error
    return workers


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
            "jobs that SLURM takes", lines[0].strip(), None, "Correct cluster in experiment.yaml; sinfo names queues"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of connections out of the terminal."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
