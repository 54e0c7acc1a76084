# SPDX-License-Identifier: Apache-2.0
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import yaml

from lessgad.engine.progress import NullProgress
from lessgad.evaluation.results.overlap import read_overlap
from lessgad.evaluation.results.tumor_size import read_tumor_size
from lessgad.experiment.stage_names import STAGES
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.segmentation import nnunet_environment

JUDGED = ("sub-04", "sub-05", "sub-06_ses-a", "sub-06_ses-b")
IMAGES = {"standard", "low", "subtract_and_scale", "denoise", "denoise_and_scale", "gaussian_and_scale", "restored"}


def change(root: Path, **changes) -> None:
    path = root / "experiment.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}, sort_keys=False))


@pytest.fixture(scope="module")
def segmented(tiny_stages, tmp_path_factory):
    """The tiny experiment, segmented, judged and reported; two steps of training."""
    base = tmp_path_factory.mktemp("segmented")
    shutil.copytree(tiny_stages / "cohort", base / "cohort")
    root = shutil.copytree(tiny_stages / "restore", base / "experiment")
    change(root, segmentation={"epochs": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessgad.segmentation.nnunet_trainer.QUICK_STEPS", 2)
        assert run_experiment(root, STAGES, NullProgress()) == []
    return root


@pytest.mark.slow
def test_every_image_of_every_dose_is_outlined_on_the_grid_of_the_t1(segmented):
    for name in JUDGED:
        patient, _, session = name.partition("_")
        folder = segmented / "segmentation" / patient / session
        files = sorted(path.name for path in folder.glob("*.nii.gz"))
        assert len(files) == 1 + 3 * 6 - 2  # two methods have no image at dose 0
        assert f"{name}_ce-gadolinium_desc-dose10subtractandscale_dseg.nii.gz" in files
        assert (folder / "dseg.tsv").read_text() == "index\tname\n1\tintrameatal\n2\textrameatal\n"
        grid = nibabel.load(segmented / "prepared" / patient / session / f"{name}_desc-prepared_T1w.nii")
        for file in files:
            image = nibabel.load(folder / file)
            np.testing.assert_allclose(image.affine, grid.affine)
            assert image.shape == grid.shape
            assert set(np.unique(image.dataobj)) <= {0, 1, 2}


@pytest.mark.slow
def test_tables_hold_every_image_region_and_pair_of_visits(segmented):
    rows = read_overlap(segmented / "results" / "overlap.csv")
    assert {row.image for row in rows} == IMAGES
    assert {row.region for row in rows} == {"intrameatal", "extrameatal", "tumor"}
    assert {row.dose for row in rows if row.image == "standard"} == {1.0}
    assert {(row.patient, row.session) for row in rows} == {("04", ""), ("05", ""), ("06", "a"), ("06", "b")}
    sizes = read_tumor_size(segmented / "results" / "tumor_size.csv")
    assert len(sizes) == 4 * 17
    assert {row.measured for row in sizes} == {"extrameatal"}
    with (segmented / "results" / "growth.csv").open() as file:
        growth = list(csv.DictReader(file))
    assert len(growth) == 17
    assert {(row["patient"], row["first_session"], row["session"]) for row in growth} == {("06", "a", "b")}


@pytest.mark.slow
def test_the_report_says_what_was_segmented(segmented):
    page = (segmented / "report" / "index.html").read_text()
    for words in (
        "Segmentation of test studies",
        "Restored against low dose",
        "Growth between visits",
        "nnU-Net (quick)",
    ):
        assert words in page
    assert json.loads((segmented / "segmentation" / "model.json").read_text())["trained_here"] is True


@pytest.mark.slow
def test_nothing_is_done_twice_and_a_changed_setting_makes_it_stale(segmented):
    states = {entry.stage: set(entry.states.values()) for entry in experiment_status(segmented)[0]}
    assert states == {stage: {"done"} for stage in STAGES}
    change(segmented, segmentation={"epochs": 2})
    states = {entry.stage: set(entry.states.values()) for entry in experiment_status(segmented)[0]}
    change(segmented, segmentation={"epochs": 1})
    assert states["restore"] == {"done"}
    assert states["segment"] == states["evaluate"] == states["report"] == {"stale"}


@pytest.mark.slow
def test_a_model_that_is_there_plugs_in(segmented, tiny_experiment):
    root = tiny_experiment("restore")
    model = next((segmented / "segmentation" / "nnunet" / "results").glob("*/*"))
    change(root, segmentation={"model": str(model)})
    assert run_experiment(root, [stage for stage in STAGES if stage != "report"], NullProgress()) == []
    assert json.loads((root / "segmentation" / "model.json").read_text())["trained_here"] is False
    assert not (root / "segmentation" / "nnunet").exists()
    run_experiment(root, ["report"], NullProgress())
    page = (root / "report" / "index.html").read_text()
    assert "Whether it has seen the test patients is unknown" in page
    assert str(model) not in page


def test_without_segmentation_there_is_no_such_stage(tiny_experiment, lessgad):
    root = tiny_experiment("report")
    code, _, _ = lessgad("run", root)
    assert code == 0
    assert (root / "results" / "overlap.csv").read_text().count("\n") == 1
    assert not (root / "segmentation").exists()
    assert "Segmentation of test studies" not in (root / "report" / "index.html").read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segmentation": {"model": "nowhere"}}, "There is no such folder; segmentation.model"),
        ({"segmentation": {"epoch": 3}}, "Did you mean epochs?"),
        ({"cohort": {"regions": {}}, "segmentation": {}}, "needs regions, and the cohort has none"),
        ({"cohort": {"regions": {"a": [1], "b": [1, 2]}}, "segmentation": {}}, "regions a and b share label 1"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line_before_anything_is_done(tiny_experiment, lessgad, changes, words):
    root = tiny_experiment("nothing")
    settings = yaml.safe_load((root / "experiment.yaml").read_text())
    merged = {key: {**settings.get(key, {}), **value} for key, value in changes.items()}
    change(root, **merged)
    code, out, err = lessgad("run", root)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""
    assert not (root / "prepared").exists()


def test_no_mask_in_training(tiny_experiment, lessgad):
    root = tiny_experiment("nothing")
    change(root, segmentation={})
    for patient in ("01", "02", "03"):
        next((root.parent / "cohort" / "derivatives").rglob(f"sub-{patient}_dseg.nii.gz")).unlink()
    code, _, err = lessgad("run", root)
    assert code == 2
    assert "a mask of at least one training patient, and there is none. Set segmentation: null" in err


def test_a_region_that_no_training_patient_has(tiny_experiment, lessgad):
    root = tiny_experiment("restore")
    settings = yaml.safe_load((root / "experiment.yaml").read_text())
    regions = {**settings["cohort"]["regions"], "cyst": [3]}
    change(root, cohort={**settings["cohort"], "regions": regions}, segmentation={})
    code, _, err = lessgad("run", root, "--until", "segment")
    assert code == 2
    assert "No mask of a training patient holds the region cyst" in err


def test_nnunet_not_installed(tiny_experiment, lessgad, monkeypatch):
    root = tiny_experiment("nothing")
    change(root, segmentation={})
    monkeypatch.setattr(nnunet_environment, "find_spec", lambda _name: None)
    code, _, err = lessgad("run", root)
    assert code == 2
    assert "pip install '.[segmentation]'" in err


@pytest.mark.soak
def test_killed_while_it_trains_it_goes_on_to_the_same_weights(tiny_experiment, tmp_path):
    """kill -9 just after the first epoch was saved; the next run does not begin anew."""
    import torch

    root = tiny_experiment("restore")
    change(root, segmentation={"epochs": 2})
    whole = shutil.copytree(root, tmp_path / "whole")
    job = {"arguments": ["run", str(root), "--until", "segment"], "console": str(tmp_path / "console.txt")}
    jobs = [
        {**job, "match": "checkpoint_latest.pth", "when": "after", "count": 1},
        job,
        {**job, "arguments": ["run", str(whole), "--until", "segment"]},
    ]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    driver = Path(__file__).parents[1] / "kill_driver.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(driver), str(tmp_path / "jobs.json")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [-9, 0, 0]
    states = [
        torch.load(next(folder.rglob("checkpoint_final.pth")), weights_only=True)["network_weights"]
        for folder in (root, whole)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])
