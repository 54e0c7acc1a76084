# SPDX-License-Identifier: Apache-2.0
"""A job array, jobs that a run asks for, and a training by srun, on a real SLURM: the same results as here."""

import subprocess
import sys
import time

import pytest
import yaml
from one_node import QUEUE

from lessgad.training.learning_curve import read_learning_curve

pytestmark = pytest.mark.slurm
LESSGAD = [sys.executable, "-m", "lessgad"]
SECONDS = 600


def images(root, stage):
    return {path.relative_to(root): path.read_bytes() for path in (root / stage).rglob("*") if path.is_file()}


def change(root, **groups):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    for group, values in groups.items():
        settings[group] = {**settings.get(group, {}), **values}
    path.write_text(yaml.safe_dump(settings))


def done(command, slurm):
    """Run a command to its end; gives what it said."""
    ended = subprocess.run(command, env=slurm, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def jobs(slurm):
    said = subprocess.run(["squeue", "-h", "-o", "%i %T"], env=slurm, capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in said.splitlines() if line.endswith("RUNNING")]


def test_a_job_array_prepares_what_one_run_does(slurm, tiny_experiment, tiny_stages, tmp_path):
    root = tiny_experiment("nothing")
    shard = "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
    words = f"{' '.join(LESSGAD)} run {root} --stage prepare --shard {shard}"
    done(["sbatch", "--wait", "--array=1-2", f"--output={tmp_path}/job-%a.txt", "--wrap", words], slurm)
    assert images(root, "prepared") == images(tiny_stages / "prepare", "prepared")
    logs = [file.read_text() for file in (root / "logs").glob("*.log")]
    assert sorted(log.count("preparation of study-") for log in logs if "run of prepare" in log)[-2:] == [3, 4]


def test_a_job_that_is_killed_costs_no_result(slurm, tiny_experiment, tiny_stages):
    root = tiny_experiment("train")
    change(root, cluster={"queue": QUEUE, "jobs": 2, "memory": "2GB", "interface": "lo", "walltime": "00:10:00"})
    run = subprocess.Popen(
        [*LESSGAD, "run", str(root), "--stage", "restore", "--cluster", "slurm"],
        env=slurm, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    end, found = time.monotonic() + SECONDS, []
    while not list((root / "restored").rglob("*_T1w.nii.gz")) or len(found) < 2:
        assert run.poll() is None, run.stdout.read()
        assert time.monotonic() < end
        found = jobs(slurm)
        time.sleep(0.05)
    done(["scancel", "--signal=KILL", "--full", found[0]], slurm)
    said, _ = run.communicate(timeout=SECONDS)
    assert run.returncode == 0, said
    assert images(root, "restored") == images(tiny_stages / "restore", "restored")
    assert list(root.rglob(".tmp-*")) == []


def test_srun_trains_with_two_processes(slurm, tiny_experiment, tmp_path):
    together = tiny_experiment("prepare")
    alone = tmp_path / "alone"
    done(["cp", "-r", str(together), str(alone)], slurm)
    change(alone, training={"batch_size": 8})  # two processes with batches of 4 see the same
    done([*LESSGAD, "run", str(alone), "--stage", "train"], slurm)
    srun = ["srun", "--ntasks=2", "--ntasks-per-node=2", "--job-name=lessgad-train", "--kill-on-bad-exit=1"]
    done([*srun, *LESSGAD, "run", str(together), "--stage", "train"], slurm)
    curves = [read_learning_curve(root / "models" / "all-doses" / "learning_curve.csv") for root in (together, alone)]
    assert len(curves[0]) == len(curves[1]) > 0
    for one, other in zip(*curves, strict=True):
        assert one.n_samples == other.n_samples
        assert one.training_loss == pytest.approx(other.training_loss, rel=1e-4)
        assert one.validation_psnr_db == pytest.approx(other.validation_psnr_db, abs=1e-3)
    assert "2 processes" in "".join(file.read_text() for file in (together / "logs").glob("*.log"))


def test_a_queue_that_slurm_does_not_know(slurm, tiny_experiment):
    root = tiny_experiment("nothing")
    change(root, cluster={"queue": "nowhere", "interface": "lo"})
    command = [*LESSGAD, "run", str(root), "--stage", "prepare", "--cluster", "slurm"]
    ended = subprocess.run(command, env=slurm, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert "SLURM does not take the jobs:" in ended.stderr
    assert "invalid partition specified: nowhere" in ended.stderr


def test_workers_that_never_come(slurm, tiny_experiment):
    root = tiny_experiment("nothing")
    change(root, cluster={"queue": QUEUE, "interface": "lo", "memory": "1GB", "timeout_s": 3, "prologue": ["sleep 60"]})
    command = [*LESSGAD, "run", str(root), "--stage", "prepare", "--cluster", "slurm"]
    ended = subprocess.run(command, env=slurm, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert f"No worker was there for 3 s (4 jobs in queue {QUEUE}: 1 cores, 1GB, 04:00:00)" in ended.stderr
    end = time.monotonic() + 60
    while jobs(slurm):
        assert time.monotonic() < end
        time.sleep(0.5)
