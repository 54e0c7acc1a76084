# SPDX-License-Identifier: Apache-2.0
import pytest

from lessgad.errors import SettingsError
from lessgad.training.launch import Launch, launched

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
}
#: What srun adds to what the batch script has.
SRUN = {
    "SLURM_JOB_NAME": "train",
    "SLURM_NTASKS": "8",
    "SLURM_NTASKS_PER_NODE": "4",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_PROCID": "6",
}


def test_alone():
    assert launched({}) == Launch("none", 0, 1, 1)


def test_torchrun():
    found = launched(TORCHRUN)
    assert found == Launch("torchrun", 5, 8, 2)
    assert found.n_here == 4


def test_torchrun_with_one_process_is_alone():
    one = {**TORCHRUN, "RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
    assert launched(one) == Launch()


def test_srun():
    assert launched(SRUN) == Launch("slurm", 6, 8, 2)


def test_torchrun_under_slurm_is_torchrun():
    assert launched({**SRUN, **TORCHRUN}).launcher == "torchrun"


def test_the_batch_script_itself_is_one_process():
    script = {name: value for name, value in SRUN.items() if not name.startswith("SLURM_STEP")}
    assert launched({**script, "SLURM_PROCID": "0"}) == Launch()


@pytest.mark.parametrize("name", ["bash", "interactive"])
def test_a_shell_in_an_allocation_is_one_process(name):
    assert launched({**SRUN, "SLURM_JOB_NAME": name}) == Launch()


def test_srun_must_say_how_many_on_each_machine():
    without = {name: value for name, value in SRUN.items() if name != "SLURM_NTASKS_PER_NODE"}
    with pytest.raises(SettingsError, match="started 8 tasks without --ntasks-per-node"):
        launched(without)


@pytest.mark.parametrize(
    "uneven", [{**SRUN, "SLURM_STEP_NUM_TASKS": "7"}, {**TORCHRUN, "WORLD_SIZE": "7"}], ids=["slurm", "torchrun"]
)
def test_machines_with_different_numbers_of_processes(uneven):
    with pytest.raises(SettingsError, match="different numbers of processes: 7 processes"):
        launched(uneven)
