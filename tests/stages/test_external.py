# SPDX-License-Identifier: Apache-2.0
"""Images of another method stand in every table, or are named when they cannot."""

import csv
import math

import nibabel
import numpy as np
import pytest
import yaml

from lessgad.engine.progress import NullProgress
from lessgad.errors import SettingsError
from lessgad.pipeline.run import run_experiment

FINAL = ["evaluate", "report"]


class Listener(NullProgress):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def experiment(tiny_experiment):
    root = tiny_experiment("restore")
    path = root / "experiment.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "external": {"other_net": "../theirs"}}))
    (root.parent / "theirs").mkdir()
    return root


def prepared(root, study):
    patient, _, session = study.partition("_")
    folder = root / "prepared" / patient / session
    return (nibabel.load(folder / f"{study}_{ce}desc-prepared_T1w.nii") for ce in ("", "ce-gadolinium_"))


def write(root, study, dose, change=lambda array: array, affine=None):
    t1, t1ce = prepared(root, study)
    array = change(0.25 * t1.get_fdata() + 0.75 * t1ce.get_fdata()).astype(np.float32)
    path = root.parent / "theirs" / f"{study}_desc-dose{round(100 * dose)}_T1w.nii.gz"
    nibabel.save(nibabel.nifti1.Nifti1Image(array, t1.affine if affine is None else affine), path)


def rows(root):
    with (root / "results" / "similarity.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_another_method_is_judged_like_ours(experiment, tiny):
    for study in tiny.JUDGED:
        for dose in tiny.DOSES:
            write(experiment, study, dose)
    assert run_experiment(experiment, FINAL, NullProgress()) == []
    found = rows(experiment)
    theirs = [row for row in found if row["method"] == "other_net"]
    assert len(theirs) == len(tiny.JUDGED) * len(tiny.DOSES) * 3
    at_zero = {
        (row["patient"], row["session"]): float(row["psnr_db"])
        for row in found
        if (row["method"], row["dose"], row["area"]) == ("unrestored", "0.0", "tumor_box")
    }
    for row in theirs:  # a quarter of the difference is left, whatever the dose
        if row["area"] == "tumor_box":
            expected = at_zero[row["patient"], row["session"]] + 20 * math.log10(4)
            assert float(row["psnr_db"]) == pytest.approx(expected, abs=0.01)
    assert "other_net" in (experiment / "results" / "table4.csv").read_text()
    assert "other_net" in (experiment / "report" / "index.html").read_text()


def test_missing_doses_and_studies_are_not_judged(experiment):
    write(experiment, "sub-06_ses-b", 0.1)
    assert run_experiment(experiment, FINAL, NullProgress()) == []
    theirs = [row for row in rows(experiment) if row["method"] == "other_net"]
    assert {(row["patient"], row["session"], row["dose"]) for row in theirs} == {("06", "b", "0.1")}


def test_a_new_image_is_judged_at_the_next_run(experiment):
    listener = Listener()
    assert run_experiment(experiment, ["evaluate"], listener) == []
    assert any("other_net" in line and "no image" in line for line in listener.lines)
    write(experiment, "sub-05", 0.5)
    assert run_experiment(experiment, FINAL, NullProgress()) == []
    assert any(row["method"] == "other_net" for row in rows(experiment))


@pytest.mark.parametrize(
    ("change", "shift_mm", "reason"),
    [
        (lambda array: 100 * (array + 1), 0, "must lie on [−1, 1], as those in prepared/"),
        (lambda array: array, 4, "not on the grid of the T1w"),
        (lambda array: array[:-1], 0, "not on the grid of the T1w"),
        (lambda array: np.where(array > 0, np.nan, array), 0, "NaN"),
    ],
)
def test_an_image_on_another_scale_or_grid_is_named(experiment, tiny, change, shift_mm, reason):
    affine = tiny.AFFINE.copy()
    affine[0, 3] += shift_mm
    write(experiment, "sub-05", 0.1, change, affine)
    (failure,) = run_experiment(experiment, FINAL, NullProgress())
    assert (failure.stage, failure.study) == ("evaluate", "sub-05_dose10")
    assert reason in failure.reason
    assert "sub-05_desc-dose10_T1w.nii.gz" in failure.reason
    judged = {dose: {row["patient"] for row in rows(experiment) if row["dose"] == dose} for dose in ("0.1", "0.5")}
    assert judged == {"0.1": {"04", "06"}, "0.5": {"04", "05", "06"}}  # the other doses of the study stay


def test_a_folder_that_is_not_there(experiment):
    (experiment.parent / "theirs").rmdir()
    with pytest.raises(SettingsError, match="external method other_net"):
        run_experiment(experiment, ["evaluate"], NullProgress())
