# SPDX-License-Identifier: Apache-2.0
"""The jobs that `lessgad run --cluster` asks a batch system for."""

from __future__ import annotations

from pydantic import Field

from lessgad.settings import Settings


class ClusterSettings(Settings):
    """Resources of each job of `lessgad run --cluster slurm`.

    Attributes:
        queue: Name of the queue (SLURM: partition).
        jobs: Jobs to ask for.
        cores: Cores of each job; it works on as many studies at a time.
        memory: Memory of each job, such as 8GB; about 2 GB for each study at a time.
        walltime: Wall time of each job, hours:minutes:seconds.
        account: Account that is charged; null: the user's own.
        directives: More lines for the head of the job script, such as ``--gpus=1``.
        prologue: Commands that each job runs first, such as ``module load python``.
        interface: Network interface that the jobs reach this process by, such as ib0; null: the usual one.
        timeout_s: How long to wait for the first job to begin, or for another one when all were lost.
    """

    queue: str = Field(min_length=1)
    jobs: int = Field(default=4, ge=1)
    cores: int = Field(default=1, ge=1)
    memory: str = Field(default="8GB", pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$")
    walltime: str = Field(default="04:00:00", pattern=r"^(\d+-)?\d+:\d\d:\d\d$")
    account: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    interface: str | None = None
    timeout_s: float = Field(default=600.0, gt=0)
