# SPDX-License-Identifier: Apache-2.0
"""Runs whose studies are done by other machines, and what can be wrong with these."""

import shutil

import pytest

from lessgad.pipeline import elsewhere


def images(root, stage):
    return {path.relative_to(root): path.read_bytes() for path in (root / stage).rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_workers_of_a_scheduler_do_what_processes_do(lessgad, tiny_experiment, tiny_stages, tmp_path):
    from distributed import Client, LocalCluster

    root = tiny_experiment("nothing")
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        file = tmp_path / "scheduler.json"
        with Client(cluster, set_as_default=False) as client:
            client.write_scheduler_file(str(file))
        assert lessgad("run", root, "--stage", "prepare", "--scheduler", file)[0] == 0
        first = images(root, "prepared")
        shutil.rmtree(root / "prepared")
        assert lessgad("run", root, "--stage", "prepare", "--scheduler", cluster.scheduler_address)[0] == 0
    assert images(root, "prepared") == first == images(tiny_stages / "prepare", "prepared")


def refused(lessgad, root, *options):
    code, _, err = lessgad("run", root, "--stage", "prepare", *options)
    assert code == 2
    assert not list((root / "prepared").rglob("*.nii*"))
    return err


def test_one_place_at_a_time(lessgad, tiny_experiment):
    root = tiny_experiment("nothing")
    assert "--cluster and --scheduler were both given" in refused(
        lessgad, root, "--cluster", "slurm", "--scheduler", "tcp://nowhere:1"
    )
    assert "--cluster pbs is not known; lessgad knows slurm" in refused(lessgad, root, "--cluster", "pbs")


@pytest.mark.parametrize(("option", "missing"), [("--cluster", "dask_jobqueue"), ("--scheduler", "distributed")])
def test_an_extra_that_is_missing_is_named(lessgad, tiny_experiment, monkeypatch, option, missing):
    monkeypatch.setattr(elsewhere, "find_spec", lambda name: None if name == missing else "there")
    said = refused(lessgad, tiny_experiment("nothing"), option, "slurm")
    assert f"{option} needs the extra cluster" in said
    assert "pip install '.[cluster]'" in said


def test_slurm_that_is_not_there(lessgad, tiny_experiment, monkeypatch):
    monkeypatch.setattr(elsewhere.shutil, "which", lambda _name: None)
    assert "The command sbatch" in refused(lessgad, tiny_experiment("nothing"), "--cluster", "slurm")


def test_no_queue(lessgad, tiny_experiment, monkeypatch):
    monkeypatch.setattr(elsewhere.shutil, "which", lambda _name: "/usr/bin/sbatch")
    said = refused(lessgad, tiny_experiment("nothing"), "--cluster", "slurm")
    assert "experiment.yaml names no queue" in said


def test_no_scheduler(lessgad, tiny_experiment, tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "CONNECT_S", 1.0)
    root = tiny_experiment("nothing")
    said = refused(lessgad, root, "--scheduler", tmp_path / "none.json")
    assert "none.json: There is no such scheduler file" in said
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in refused(
        lessgad, root, "--scheduler", "tcp://127.0.0.1:9"
    )
    (tmp_path / "odd.json").write_text("no json")
    assert "not a scheduler file of Dask" in refused(lessgad, root, "--scheduler", tmp_path / "odd.json")
