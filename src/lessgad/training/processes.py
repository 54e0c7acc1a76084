# SPDX-License-Identifier: Apache-2.0
"""The processes that train one model together: their devices, and the values that they share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from lessgad.errors import SettingsError
from lessgad.training.launch import Launch

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments import ClusterEnvironment

FabricPrecision = Literal["32-true", "bf16-mixed", "16-mixed"]
T = TypeVar("T")
#: The others wait while the first process looks through the cohort or validates.
LONGEST_WAIT = timedelta(hours=6)


class Processes:
    """All processes that were started together, seen from one of them; usually it is alone.

    The first one leads: it alone writes and speaks. Gradients travel as the devices do it best (NCCL on GPUs, gloo
    on CPUs); what is agreed on besides always travels by gloo, so that a process that ends is noticed at once.

    Attributes:
        rank: Rank of this process.
        n: Number of processes.

    Args:
        launch: How this process was started.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self.rank, self.n = launch.rank, launch.n_processes
        self._group: Any = None

    @classmethod
    def joined(cls, launch: Launch) -> Processes:
        """Join the other processes.

        Args:
            launch: How this process was started.

        Returns:
            The processes.

        Raises:
            SettingsError: More processes than GPUs on this machine.
        """
        import torch.distributed

        processes = cls(launch)
        if processes.n > 1:
            processes.fabric("32-true")
            processes._group = torch.distributed.new_group(backend="gloo", timeout=LONGEST_WAIT)
        return processes

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def fabric(self, precision: FabricPrecision) -> Fabric:
        """Make a Lightning Fabric for this process.

        Args:
            precision: Precision of the arithmetic.

        Returns:
            The Fabric.

        Raises:
            SettingsError: More processes than GPUs on this machine.
        """
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments import LightningEnvironment
        from lightning_fabric.strategies import DDPStrategy

        from lessgad.training.mixed_precision import Autocast

        arithmetic = [] if precision == "32-true" else [Autocast(precision, _device_type())]
        with without_announcements():
            if self.n == 1:
                return Fabric(accelerator="auto", devices=1, plugins=[LightningEnvironment(), *arithmetic])
            fabric = Fabric(
                accelerator=_device_type(),
                devices=self._devices_here(),
                num_nodes=self._launch.n_nodes,
                strategy=DDPStrategy(),
                plugins=[self._environment(), *arithmetic],
            )
            fabric.launch()
        return fabric

    def part(self) -> None:
        """Leave the others, when all is done.

        What gloo's threads still hold of the last message would otherwise be let go while the interpreter is being
        taken down, which ends the process with SIGABRT now and then (PyTorch's pull request 179291 describes it).
        Not for a failure: where others are in the middle of a message, this would wait for them.
        """
        if self.n > 1:
            import torch.distributed

            self._group = None
            torch.distributed.destroy_process_group()

    def mean(self, value: float) -> float:
        """Mean of the values that the processes give."""
        return value if self.n == 1 else self._sum(value) / self.n

    def any(self, flag: bool) -> bool:
        """Whether one of them says so."""
        return flag if self.n == 1 else self._sum(float(flag)) > 0

    def from_leader(self, told: T) -> T:
        """Give what the leader gave, to all of them; it must pickle."""
        if self.n == 1:
            return told
        import torch.distributed

        box = [told if self.leads else None]
        torch.distributed.broadcast_object_list(box, src=0, group=self._group)
        return box[0]  # type: ignore[return-value]

    def _sum(self, value: float) -> float:
        import torch

        total = torch.tensor(value, dtype=torch.float64)
        torch.distributed.all_reduce(total, group=self._group)
        return float(total)

    def _devices_here(self) -> int:
        import torch

        n_gpus = torch.cuda.device_count() if _device_type() == "cuda" else self._launch.n_here
        if n_gpus < self._launch.n_here:
            raise SettingsError(
                f"{self._launch.n_here} processes run on this machine, and it has {n_gpus} GPUs that they can all see",
                remedy="Start as many processes as there are GPUs, each of which sees them all",
            )
        return self._launch.n_here

    def _environment(self) -> ClusterEnvironment:
        from lightning_fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment

        slurm = self._launch.launcher == "slurm"
        return SLURMEnvironment(auto_requeue=False) if slurm else TorchElasticEnvironment()


ALONE = Processes(Launch())


def another_ended(error: BaseException) -> bool:
    """Whether an error says that another process of the training has gone."""
    import torch.distributed

    known = isinstance(error, torch.distributed.DistError)
    return known or (isinstance(error, RuntimeError) and any(word in str(error).lower() for word in ("gloo", "nccl")))


@contextmanager
def without_announcements() -> Iterator[None]:
    """Keep Fabric's messages about devices and precision off the console; its warnings stay.

    Yields:
        Nothing.
    """
    log = logging.getLogger("lightning_fabric")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _device_type() -> Literal["cuda", "cpu"]:
    from lessgad.field.device import compute_device

    return "cuda" if compute_device().type == "cuda" else "cpu"
