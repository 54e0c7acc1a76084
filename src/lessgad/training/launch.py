# SPDX-License-Identifier: Apache-2.0
"""How many processes were started together, as torchrun and SLURM tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lessgad.errors import SettingsError

#: SLURM's names for a shell in an allocation: what runs in it was not started once per task.
SHELLS = ("bash", "interactive")


@dataclass(frozen=True)
class Launch:
    """This process among those that were started together.

    Attributes:
        launcher: What started them.
        rank: Rank of this process, from 0.
        n_processes: All of them.
        n_nodes: Machines that they are on, the same number on each.
    """

    launcher: Literal["none", "torchrun", "slurm"] = "none"
    rank: int = 0
    n_processes: int = 1
    n_nodes: int = 1

    @property
    def n_here(self) -> int:
        """Processes on each machine."""
        return self.n_processes // self.n_nodes


def launched(environment: Mapping[str, str]) -> Launch:
    """Read how the launcher started this process; torchrun is checked first, as it may run under SLURM.

    A job of SLURM counts where `srun` started its processes. A command in the batch script itself is one process,
    however many tasks the job has.

    Args:
        environment: Environment variables.

    Returns:
        The launch.

    Raises:
        SettingsError: Machines with different numbers of processes, or `srun` without ``--ntasks-per-node``.
    """
    if "TORCHELASTIC_RUN_ID" in environment:
        n, n_here = int(environment["WORLD_SIZE"]), int(environment["LOCAL_WORLD_SIZE"])
        return _checked(Launch("torchrun", int(environment["RANK"]), n, n // n_here), n_here)
    n = int(environment.get("SLURM_STEP_NUM_TASKS", "1"))
    if n == 1 or environment.get("SLURM_JOB_NAME") in SHELLS:
        return Launch()
    if "SLURM_NTASKS_PER_NODE" not in environment:
        raise SettingsError(
            f"srun started {n} tasks without --ntasks-per-node", remedy="Give --ntasks-per-node to sbatch or srun"
        )
    nodes, n_here = int(environment["SLURM_STEP_NUM_NODES"]), int(environment["SLURM_NTASKS_PER_NODE"])
    return _checked(Launch("slurm", int(environment["SLURM_PROCID"]), n, nodes), n_here)


def _checked(launch: Launch, n_here: int) -> Launch:
    if launch.n_nodes * n_here != launch.n_processes:
        came = f"{launch.n_processes} processes on {launch.n_nodes}, {n_here} of them on this one"
        raise SettingsError(
            f"The machines run different numbers of processes: {came}", remedy="Start as many processes on each machine"
        )
    return launch if launch.n_processes > 1 else Launch()
