# SPDX-License-Identifier: Apache-2.0
"""Other machines that do units of a run: jobs of a batch system, or the workers of a Dask scheduler."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lessgad.engine.bundles import Workers
from lessgad.engine.progress import Progress
from lessgad.errors import SettingsError
from lessgad.experiment.cluster_settings import ClusterSettings
from lessgad.experiment.stage_names import Stage
from lessgad.pipeline.selection import SHARED
from lessgad.pipeline.slurm_jobs import workers_of_slurm

CONNECT_S, WAIT_S = 30.0, 600.0
SYSTEMS = ("slurm",)


@dataclass(frozen=True)
class Elsewhere:
    """The place where a run does its parallel work.

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
            raise SettingsError("--cluster and --scheduler were both given", remedy="Give one of them")
        if self.cluster is not None and self.cluster not in SYSTEMS:
            raise SettingsError(f"--cluster {self.cluster} is not known; lessgad knows {' and '.join(SYSTEMS)}")
        option = "--scheduler" if self.cluster is None else "--cluster"
        needed = ("distributed",) if self.cluster is None else ("distributed", "dask_jobqueue")
        if any(find_spec(name) is None for name in needed):
            raise SettingsError(
                f"{option} needs the extra cluster, which is not installed",
                remedy="In the checkout of lessgad, run: pip install '.[cluster]'",
            )
        if self.cluster is not None and shutil.which("sbatch") is None:
            raise SettingsError(
                "The command sbatch, which hands jobs to SLURM, is not found", remedy="Run lessgad on a login node"
            )

    @contextmanager
    def workers(self, settings: ClusterSettings | None, logs: Path, progress: Progress) -> Iterator[Workers | None]:
        """Provide the workers while the block runs.

        Args:
            settings: Settings of the jobs, from experiment.yaml.
            logs: Folder for the output of jobs.
            progress: Receives messages about waiting.

        Yields:
            The workers; None if this machine does everything.

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
                    "experiment.yaml names no queue for the jobs",
                    remedy="Add a line such as: cluster: {queue: NAME, jobs: 4}",
                )
            with workers_of_slurm(settings, logs, progress) as workers:
                yield workers
        else:
            yield None


HERE = Elsewhere()


class OpenedWhenNeeded:
    """The workers of a run: asked for when a stage first needs them, let go while this process trains or reports.

    Args:
        elsewhere: The chosen machines.
        settings: Settings of the jobs, from experiment.yaml.
        logs: Folder for the output of jobs.
        progress: Receives messages about waiting.
    """

    def __init__(self, elsewhere: Elsewhere, settings: ClusterSettings | None, logs: Path, progress: Progress) -> None:
        self._how = elsewhere, settings, logs, progress
        self._opened = ExitStack()
        self._workers: Workers | None = None

    def __enter__(self) -> OpenedWhenNeeded:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def of_stage(self, stage: Stage) -> Workers | None:
        """Give the workers for a stage; None where this machine does it."""
        if stage not in SHARED:
            self.close()
        elif self._workers is None:
            elsewhere, settings, logs, progress = self._how
            self._workers = self._opened.enter_context(elsewhere.workers(settings, logs, progress))
        return self._workers

    def close(self) -> None:
        """Let the workers go."""
        self._workers = None
        self._opened.close()


@contextmanager
def _of_scheduler(place: str, timeout_s: float) -> Iterator[Workers]:
    from distributed import Client

    from lessgad.engine.dask_workers import DaskWorkers, quiet, when_there

    address = _address(place)
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        came = " ".join(str(error).split()) or type(error).__name__
        raise SettingsError(f"No Dask scheduler answers at {place} ({came})") from error
    with quiet(), client:
        yield when_there(DaskWorkers(client, timeout_s, f"the scheduler at {place}"))


def _address(place: str) -> str:
    """Give the address of a scheduler, from its scheduler file where a file is named."""
    file = Path(place)
    if not place.endswith(".json") and not file.is_file():
        return place
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except FileNotFoundError as error:
        raise SettingsError("There is no such scheduler file", path=file) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError("This file is not a scheduler file of Dask", path=file) from error
