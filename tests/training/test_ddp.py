# SPDX-License-Identifier: Apache-2.0
"""Two processes that torchrun starts, over gloo, beside one that takes the same steps alone."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lessgad.field.checkpoint import BEST, DESCRIPTION, LAST
from lessgad.restoration.model_yaml import read_known
from lessgad.training.chosen_without import CHOSEN_WITHOUT, ChosenWithout
from lessgad.training.learning_curve import CURVE_FILE, read_learning_curve
from lessgad.training.settings import PAPER_LOSSES
from lessgad.training.trainer import RESUME_FILE, train

pytestmark = pytest.mark.slow

DRIVER = Path(__file__).with_name("ddp_driver.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
ADVERSARIAL = {"losses": PAPER_LOSSES.model_dump(), "discriminator_noise": 0.0, "n_samples": 12}

#: What one process does with a batch of four, and how two share it.
TOGETHER = {
    "plain": ({"n_samples": 80, "validate_every": 40}, {"batch_size": 2}),
    "one patch left over": ({"n_samples": 25}, {"batch_size": 2}),
    "three left over": ({"n_samples": 27}, {"batch_size": 2}),
    "accumulated": ({"n_samples": 31}, {"batch_size": 1, "accumulate": 2}),
    "bf16": ({"n_samples": 20, "precision": "bf16"}, {"batch_size": 2}),
    "discriminator": (ADVERSARIAL, {"batch_size": 2}),
    "all of it": ({**ADVERSARIAL, "n_samples": 11}, {"batch_size": 1, "accumulate": 2}),
}
PLAIN, SHARED = TOGETHER["plain"]

SRUN = {
    "SLURM_JOB_NAME": "train",
    "SLURM_JOB_ID": "123456",
    "SLURM_NTASKS": "2",
    "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_NNODES": "1",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_NUM_NODES": "1",
}


def drive(folder, jobs, *launcher):
    folder.mkdir()
    (folder / "jobs.json").write_text(json.dumps([{"folder": str(folder / name), **job} for name, job in jobs.items()]))
    command = [sys.executable, *launcher, str(DRIVER), str(folder / "jobs.json")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout + done.stderr, "nothing is said of devices, precision or buffers"
    return folder


def told(folder, rank=0):
    return json.loads((folder / f"rank-{rank}.json").read_text())


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """All jobs in two processes, and one that Ctrl-C stops in the second process alone, then goes on."""
    jobs = {name: {"changes": {**common, **shared}} for name, (common, shared) in TOGETHER.items()}
    stopped = {"changes": {**PLAIN, **SHARED}, "interrupt": [1, 48]}
    return drive(tmp_path_factory.mktemp("ddp") / "two", {**jobs, "stopped": stopped}, *TORCHRUN)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """The same steps in one process, with batches of four; and in parts of two."""
    jobs = {name: {"changes": {**common, "batch_size": 4}} for name, (common, _) in TOGETHER.items()}
    parts = {**PLAIN, "batch_size": 2, "accumulate": 2}
    return drive(tmp_path_factory.mktemp("ddp") / "one", {**jobs, "in parts": {"changes": parts}})


def test_two_processes_have_the_loss_curve_of_one_with_the_double_batch(two, one):
    losses = told(two / "plain")["losses"]
    assert len(losses) == 20
    np.testing.assert_allclose(losses, told(one / "plain")["losses"], rtol=1e-4)


def test_accumulated_batches_have_the_loss_curve_of_one_large_batch(one):
    np.testing.assert_allclose(told(one / "in parts")["losses"], told(one / "plain")["losses"], rtol=1e-4)


@pytest.mark.parametrize("name", ["one patch left over", "three left over", "accumulated"])
def test_what_does_not_divide_evenly_counts_alike(two, one, name):
    np.testing.assert_allclose(told(two / name)["losses"], told(one / name)["losses"], rtol=1e-4)


def test_in_16_bits_as_closely_as_16_bits_go(two, one):
    np.testing.assert_allclose(told(two / "bf16")["losses"], told(one / "bf16")["losses"], rtol=2**-8)


def test_the_discriminator_learns_from_all_processes(two, one):
    """Its first steps; Adam then magnifies the last digits of gradients near zero."""
    ours, theirs = told(two / "discriminator")["losses"], told(one / "discriminator")["losses"]
    assert len(ours) == len(theirs) == 3
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


@pytest.mark.parametrize("name", TOGETHER)
def test_both_processes_end_with_the_same_weights(two, name):
    assert told(two / name, rank=0) == told(two / name, rank=1)


def test_the_first_process_alone_writes_and_validates(two, one):
    files = {file.name for file in (two / "plain").iterdir()}
    chosen = {CHOSEN_WITHOUT, *read_known(two / "plain" / CHOSEN_WITHOUT, ChosenWithout).checkpoints.values()}
    assert files == {BEST, LAST, CURVE_FILE, DESCRIPTION, RESUME_FILE, "rank-0.json", "rank-1.json", *chosen}
    ours, theirs = (read_learning_curve(folder / "plain" / CURVE_FILE) for folder in (two, one))
    assert [point.n_samples for point in ours] == [40, 80]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.training_loss == pytest.approx(other.training_loss, rel=1e-4)
        assert mine.validation_gain_db == pytest.approx(other.validation_gain_db, abs=1e-3)


def test_ctrl_c_in_one_process_stops_all(two):
    """Asked for in the second one; the first answers too, after the same step."""
    both = [told(two / "stopped", rank) for rank in (0, 1)]
    assert both[0] == both[1]
    assert both[0]["stopped"]
    assert both[0]["losses"] == told(two / "plain")["losses"][:13]


def test_another_number_of_processes_goes_on_with_the_same_curve(two, tmp_path):
    shutil.copytree(two / "stopped", tmp_path / "stopped")
    losses = []
    task = load_driver().tiny_task(tmp_path / "stopped", **PLAIN, batch_size=4)
    train(task, lambda progress: losses.append(progress.loss))
    np.testing.assert_allclose(losses, told(two / "plain")["losses"][13:], rtol=1e-4)


def test_what_srun_says_is_understood(two, tmp_path):
    """Two processes with the variables that SLURM gives its tasks, on one machine."""
    jobs = [{"folder": str(tmp_path / "slurm"), "changes": {**PLAIN, **SHARED}}]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    tasks = []
    for rank in range(2):
        where = {
            "SLURM_NODELIST": "localhost",
            "SLURM_NODEID": "0",
            "SLURM_PROCID": str(rank),
            "SLURM_LOCALID": str(rank),
        }
        srun = {**SRUN, **where, "MASTER_PORT": str(port)}
        command = [sys.executable, str(DRIVER), str(tmp_path / "jobs.json")]
        tasks.append(subprocess.Popen(command, env={**ENVIRONMENT, **srun}, stderr=subprocess.PIPE, text=True))
    for task in tasks:
        assert task.wait(300) == 0, task.stderr.read()
    assert told(tmp_path / "slurm") == told(two / "plain")


def load_driver():
    spec = importlib.util.spec_from_file_location("ddp_driver", DRIVER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
