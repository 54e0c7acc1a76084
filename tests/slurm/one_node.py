# SPDX-License-Identifier: Apache-2.0
"""A real SLURM with this machine as its only node, for as long as a block runs; needs no systemd."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
QUEUE = "cpu"
SECONDS_TO_START = 60
CONFIGURATION = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
CredType=cred/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,defer_batch
ReturnToService=2
MpiDefault=none
KillWait=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 State=UNKNOWN
PartitionName={queue} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Say why SLURM cannot be started here; empty where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing:
        return f"no {missing[0]}"
    return "" if os.getuid() == 0 else "only root can start it"


@contextmanager
def slurm(place: Path) -> Iterator[dict[str, str]]:
    """Start SLURM; give the environment that its commands need."""
    for folder in ("state", "spool"):
        (place / folder).mkdir(parents=True)
    host = platform.node().split(".")[0]
    configuration = place / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(host=host, place=place, queue=QUEUE))
    environment = {
        **os.environ,
        "SLURM_CONF": str(configuration),
        "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
        "OMP_NUM_THREADS": "1",
    }
    key = place / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    munged = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={place}/munge.socket"]
    munged += [f"--pid-file={place}/munge.pid", f"--log-file={place}/munge.log", f"--seed-file={place}/munge.seed"]
    with ExitStack() as stack:
        for command in (munged, ["slurmctld", "-D", "-c"], ["slurmd", "-D", "-N", host]):
            log = stack.enter_context((place / f"{command[0]}.out").open("wb"))
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            stack.callback(_end, process)
            if command is munged:
                _wait_for(lambda: (place / "munge.socket").exists(), place)
        _wait_for(lambda: _is_idle(environment), place)
        yield environment
        subprocess.run(["scancel", "--full", "--quiet", "--user=root"], env=environment, check=False)


def _is_idle(environment: dict[str, str]) -> bool:
    said = subprocess.run(["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, check=False)
    return said.stdout.strip() == "idle"


def _wait_for(condition, place: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while not condition():
        if time.monotonic() > end:
            logs = "\n".join(
                f"{log.name}: {log.read_text()[-800:]}" for log in [*place.glob("*.log"), *place.glob("*.out")]
            )
            raise RuntimeError(f"SLURM does not start\n{logs}")
        time.sleep(0.2)


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
