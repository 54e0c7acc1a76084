# SPDX-License-Identifier: Apache-2.0
"""Simulated noise: the denoised images behind it, and that it is the same whoever asks and whatever was killed."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lessgad.engine.progress import NullProgress
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared
from lessgad.scoring.score_tables import OF_DOSE, OF_STANDARD

DRIVER = Path(__file__).parents[1] / "kill_driver.py"
SPIN_ECHO = {"MagneticFieldStrength": 1.5, "ScanningSequence": "SE", "RepetitionTime": 0.55, "EchoTime": 0.01}
REAL = {"model": "signal_equation", "noise": "matched"}
KEPT = ("prepared", "models", "restored", "results", ".state/scores")
#: Where a run is killed: file, when, and at the how-manieth such file.
STOPS = (
    ("sub-02_desc-denoised_T1w.nii", "half", 1),
    ("resume.pt", "after", 2),
    ("desc-dose30_T1w.nii.gz", "half", 2),
    ("scores/sub-05/dose30/similarity.csv", "half", 1),
)


@pytest.fixture
def cohort(tiny, tmp_path):
    root = tiny.write_cohort(tmp_path / "cohort")
    (root / "T1w.json").write_text(json.dumps(SPIN_ECHO))
    return root


def experiment(tiny, cohort, name="experiment", **changes):
    return tiny.write_experiment(cohort.with_name(name), cohort, **changes)


def prepare_states(root):
    stages, _ = experiment_status(root)
    return set(stages[0].states.values())


@pytest.mark.slow
def test_low_doses_are_mixed_from_what_was_denoised_as_long_as_noise_is_simulated(tiny, cohort):
    root = experiment(tiny, cohort, simulation={"noise": {"snr": 20}})
    run_experiment(root, ["prepare"], NullProgress())
    files = PreparedFiles(root / "prepared" / "sub-06" / "ses-a", "sub-06_ses-a")
    prepared = read_prepared(files)
    for path, image in zip((files.clean_pre_contrast, files.clean_standard_dose), prepared.source_pair, strict=True):
        np.testing.assert_array_equal(np.asanyarray(nibabel.load(path).dataobj), image)
    assert not np.array_equal(prepared.source_pair[0], prepared.pre_contrast)

    experiment(tiny, cohort, simulation={"noise": {"snr": 10}})
    assert prepare_states(root) == {"done"}  # the same images serve noise of any strength
    experiment(tiny, cohort, simulation={"noise": "none"})
    assert prepare_states(root) == {"stale"}
    run_experiment(root, ["prepare"], NullProgress())
    assert prepare_states(root) == {"done"}
    prepared = read_prepared(files)
    assert prepared.source_pair == (prepared.pre_contrast, prepared.standard_dose)
    assert not list((root / "prepared").rglob("*denoised*"))


@pytest.mark.slow
def test_a_denoised_image_that_was_deleted_is_made_again(tiny, cohort):
    root = experiment(tiny, cohort, simulation=REAL)
    run_experiment(root, ["prepare"], NullProgress())
    path = root / "prepared" / "sub-01" / "sub-01_ce-gadolinium_desc-denoised_T1w.nii"
    before = path.read_bytes()
    path.unlink()
    assert prepare_states(root) == {"done", "to do"}
    run_experiment(root, ["prepare"], NullProgress())
    assert path.read_bytes() == before


@pytest.mark.slow
def test_restoration_and_evaluation_see_the_same_noise(tiny, cohort):
    """A network of zeros returns the low dose that it is given, which is what is judged as unrestored."""
    root = experiment(tiny, cohort, "zeros", simulation=REAL, doses=[0.0, 0.3])
    assert run_experiment(root, ["prepare", "train"], NullProgress()) == []
    weights = root / "models" / "all-doses" / "best.safetensors"
    save_file({name: np.zeros_like(value) for name, value in load_file(weights).items()}, weights)
    assert run_experiment(root, ["restore", "evaluate", "report"], NullProgress()) == []
    found = {}
    with (root / "results" / "similarity.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            place = (row["patient"], row["session"], row["dose"], row["area"])
            found.setdefault(row["method"], {})[place] = (float(row["psnr_db"]), float(row["ssim"]))
    assert len(found["restored"]) == len(tiny.JUDGED) * 2 * 3
    for place, figures in found["restored"].items():
        assert figures == pytest.approx(found["unrestored"][place], abs=1e-4)


@pytest.mark.slow
def test_a_run_that_was_killed_in_every_stage_has_the_same_noise(tiny, cohort):
    roots = [experiment(tiny, cohort, name, simulation=REAL, doses=[0.0, 0.3]) for name in ("whole", "killed")]
    commands = [{"arguments": ["run", str(root), "--until", "evaluate"], "console": f"{root}.txt"} for root in roots]
    stopped = [{**commands[1], "match": match, "when": when, "count": count} for match, when, count in STOPS]
    jobs = cohort.with_name("jobs.json")
    jobs.write_text(json.dumps([commands[0], *stopped, commands[1]]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    driver = subprocess.run(
        [sys.executable, DRIVER, jobs], env=environment, capture_output=True, check=True, text=True, timeout=300
    )
    assert json.loads(driver.stdout) == [0, *[-signal.SIGKILL] * len(STOPS), 0]
    whole, killed = (
        {
            str(path.relative_to(root)): path.read_bytes()
            for name in KEPT
            for path in (root / name).rglob("*.*")
            if path.name != "answer_fixed.json"  # says at what time it was written
        }
        for root in roots
    )
    assert whole.keys() == killed.keys()
    assert sum("scores" in name for name in whole) == len(tiny.JUDGED) * (len(OF_STANDARD) + 2 * len(OF_DOSE))
    assert {Path(name).suffix for name in whole} >= {".nii", ".gz", ".safetensors", ".csv", ".png"}
    differing = [name for name in whole if whole[name] != killed[name]]
    assert [name for name in differing if not name.endswith("resume.pt")] == []
