# SPDX-License-Identifier: Apache-2.0
"""Low doses that were scanned and cannot be used, and cohorts that have none."""

import json

import nibabel
import numpy as np
import pytest
from scanned_doses import SPIN_ECHO, edit, states

from lessgad.engine.progress import NullProgress
from lessgad.errors import SettingsError
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.study_cautions import study_cautions
from lessgad.experiment_report.answer_from_results import answer_of, freeze_answer
from lessgad.pipeline.run import run_experiment
from lessgad.stages import report


def test_a_scan_that_cannot_be_used_is_left_out_with_the_reason(tiny, scanned):
    cohort = scanned.parent / "cohort"
    path = tiny.low_dose_file(cohort, "05", "", "dose50")
    image = nibabel.load(path)
    nibabel.save(nibabel.nifti1.Nifti1Image(image.get_fdata()[:-3], image.affine), path)
    tiny.save(
        tiny.low_dose_file(cohort, "04", "", "dose50").with_name("sub-04_acq-dose50_ce-again_T1w.nii.gz"),
        image.get_fdata(),
    )
    edit(scanned, low_dose="measured")
    failures = run_experiment(scanned, ["prepare", "restore", "evaluate"], NullProgress())
    reasons = {failure.study: failure.reason for failure in failures}
    assert set(reasons) == {"sub-05_acq-dose50", "sub-04_acq-dose50"}
    assert "not on one grid" in reasons["sub-05_acq-dose50"]
    assert "There are 2 candidates for the scan at 50 % of the dose: " in reasons["sub-04_acq-dose50"]
    everywhere = {f"{study}_{part}" for study in tiny.JUDGED for part in ("standard", "dose0")}
    assert set(states(scanned)["evaluate"]) == everywhere | {"sub-04_dose10", "sub-05_dose10", "sub-06_ses-a_dose10"}
    restored = sorted(path.name for path in (scanned / "restored" / "sub-05").glob("*_desc-dose*_T1w.nii.gz"))
    assert [name for name in restored if "width" not in name and "contra" not in name] == [
        f"sub-05_ce-gadolinium_desc-{label}_T1w.nii.gz" for label in ("dose0", "dose10")
    ]


def test_a_doubtful_scan_of_a_patient_who_is_not_judged_is_in_the_report(tiny, scanned):
    """Baselines and limits are found on it."""
    path = tiny.low_dose_file(scanned.parent / "cohort", "04", "", "dose50")
    image = nibabel.load(path)
    array = image.get_fdata(dtype=np.float32)
    nibabel.save(nibabel.nifti1.Nifti1Image(np.minimum(array, np.quantile(array, 0.95)), image.affine), path)
    edit(scanned, low_dose="measured", subsets=["test"])
    run_experiment(scanned, ["prepare"], NullProgress())
    experiment = open_experiment(scanned)
    (unit,) = report.units(experiment)
    found = study_cautions(experiment, {source.unit for source in unit.inputs})
    assert any(caution.study == "sub-04_acq-dose50" and "saturated" in caution.words for caution in found)
    assert "sub-04" not in {caution.study for caution in found}


def test_a_scan_of_another_sequence_is_left_out(tiny, scanned):
    cohort = scanned.parent / "cohort"
    (cohort / "T1w.json").write_text(json.dumps(SPIN_ECHO))
    path = tiny.low_dose_file(cohort, "05", "", "dose50")
    path.with_name(path.name.replace(".nii.gz", ".json")).write_text(
        json.dumps({"ScanningSequence": "GR", "RepetitionTime": 0.025})
    )
    edit(scanned, low_dose="measured")
    (failure,) = run_experiment(scanned, ["prepare"], NullProgress())
    assert failure.study == "sub-05_acq-dose50"
    assert "a T1 that is a spin echo and a low dose that is a gradient echo" in failure.reason


def test_a_dose_that_no_test_study_was_scanned_at_is_no_part_of_the_answer(scanned):
    edit(scanned, low_dose="measured", doses=[0.0, 0.1, 0.3, 0.5, 0.9])
    experiment = open_experiment(scanned)
    assert answer_of(experiment, [], [], [], [], [])[0].doses == (0.5, 0.1)
    freeze_answer(experiment)
    assert json.loads(experiment.folder.frozen_answer.read_text())["content"]["doses"] == ["dose0", "dose10", "dose50"]
    edit(scanned, low_dose="simulated")
    assert answer_of(open_experiment(scanned), [], [], [], [], [])[0].doses == (0.9, 0.5, 0.3, 0.1)


def test_a_cohort_without_such_scans_is_refused_in_one_line(tiny_experiment, lessgad):
    root = tiny_experiment("train")
    edit(root, low_dose="measured")
    with pytest.raises(SettingsError, match="The cohort has no scan at 10 %, 50 %"):
        run_experiment(root, ["restore"], NullProgress())
    code, _, err = lessgad("run", root)
    assert code == 2
    assert "low_dose: simulated" in err
