# SPDX-License-Identifier: Apache-2.0
"""A T2 as a third input: prepared where a field asks for it, missing in some studies, wrong in others."""

import json

import nibabel
import numpy as np
import pytest
import yaml

from lessgad import Restorer
from lessgad.dose.low_doses import LowDoses
from lessgad.engine.progress import NullProgress
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.read_study import study_files
from lessgad.experiment.stage_names import STAGES
from lessgad.pipeline.plan import standing_of
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.preparation.prepared_study import PreparedFiles
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.volume import in_transverse_order, read_volume

WITH_T2 = ["pre_contrast", "low_dose", "t2"]
#: Studies that have one: of training, validation, and test.
HAVE_IT = (("01", ""), ("02", ""), ("04", ""), ("05", ""))


def edit(root, **groups):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    for group, values in groups.items():
        settings[group] = {**settings[group], **values} if isinstance(values, dict) else values
    path.write_text(yaml.safe_dump(settings))


def read_study(experiment, study):
    standing = standing_of(experiment)
    return study_files(experiment, study, [unit.key for unit in standing.plan if standing.usable(unit.key)]).read()


def states(root):
    return {stage.stage: stage.states for stage in experiment_status(root)[0]}


@pytest.fixture
def root(tiny, tiny_experiment):
    """A trained experiment whose cohort has T2, which nobody has asked for yet."""
    root = tiny_experiment("train")
    for patient, session in HAVE_IT:
        tiny.write_t2(root.parent / "cohort", patient, session)
    return root


def test_a_t2_is_nothing_to_who_does_not_ask_for_it(root):
    now = states(root)
    assert set(now["prepare"].values()) == set(now["train"].values()) == {"done"}
    edit(root, field={"inputs": WITH_T2})
    now = states(root)
    assert {name for name, state in now["prepare"].items() if state == "to do"} == {
        f"sub-{patient}_T2w" for patient, _ in HAVE_IT
    }
    assert now["train"] == dict.fromkeys(("all-doses", "all-doses_limits"), "stale")


@pytest.mark.slow
def test_a_whole_run_with_t2_in_some_studies(root):
    edit(root, field={"inputs": WITH_T2}, doses=[0.0, 0.5])
    assert run_experiment(root, STAGES, NullProgress()) == []
    experiment = open_experiment(root)
    studies = {study.name: study for study in experiment.cohort.studies}
    restorer = Restorer.load(root / "models" / "all-doses", RestorationSettings(precision="fp32"))
    assert restorer.takes_t2
    assert restorer.intervals is not None
    for name in ("sub-05", "sub-06_ses-a"):
        prepared = read_study(experiment, studies[name])
        assert (prepared.t2 is not None) == (name == "sub-05")
        low_dose = LowDoses(experiment.settings.simulation).at(prepared, 0.5).image
        images = {"pre_contrast": np.asarray(prepared.pre_contrast), "low_dose": low_dose}
        shown = {"t2": np.full_like(low_dose, -1)} if prepared.t2 is None else {"t2": np.asarray(prepared.t2)}
        place = (0.5, prepared.head_box, prepared.spacing_mm, restorer.settings)
        expected = restore_volume(restorer.field, {**images, **shown}, *place).restored
        folder = experiment.folder.restored(studies[name].patient, studies[name].session)
        written = in_transverse_order(read_volume(folder / f"{name}_ce-gadolinium_desc-dose50_T1w.nii.gz")).array
        np.testing.assert_allclose(written, expected, atol=1e-6)
        blind = restore_volume(restorer.field, images, *place).restored
        assert (np.abs(blind - written).max() > 1e-4) == (prepared.t2 is not None)
    assert "t2" in (root / "report" / "index.html").read_text()


@pytest.mark.slow
def test_a_t2_that_is_taken_away_is_not_seen_any_more(tiny, root):
    edit(root, field={"inputs": WITH_T2})
    run_experiment(root, ["prepare", "train", "restore"], NullProgress())
    before = states(root)
    assert set(before["restore"].values()) == {"done"}
    tiny.t2_file(root.parent / "cohort", "05").unlink()
    now = states(root)
    assert now["train"] == dict.fromkeys(("all-doses", "all-doses_limits"), "done")  # sub-05 is a test patient
    assert {state for name, state in now["restore"].items() if "sub-05" in name} == {"stale"}
    assert {state for name, state in now["restore"].items() if "sub-04" in name} == {"done"}
    experiment = open_experiment(root)
    (study,) = (study for study in experiment.cohort.studies if study.name == "sub-05")
    assert read_study(experiment, study).t2 is None
    tiny.t2_file(root.parent / "cohort", "01").unlink()
    assert states(root)["train"] == dict.fromkeys(("all-doses", "all-doses_limits"), "stale")


def test_a_t2_that_cannot_be_used_is_said_and_the_study_goes_on_without(tiny, root):
    cohort = root.parent / "cohort"
    path = tiny.t2_file(cohort, "01")
    image = nibabel.load(path)
    nibabel.save(nibabel.nifti1.Nifti1Image(image.get_fdata()[:-3], image.affine), path)
    tiny.save(tiny.t2_file(cohort, "04").with_name("sub-04_acq-again_T2w.nii.gz"), image.get_fdata())
    edit(root, field={"inputs": WITH_T2})
    reasons = {failure.study: failure.reason for failure in run_experiment(root, ["prepare"], NullProgress())}
    assert set(reasons) == {"sub-01_T2w", "sub-04_T2w"}
    assert "not on one grid" in reasons["sub-01_T2w"]
    assert "There are 2 candidates for the T2: sub-04_T2w.nii.gz, sub-04_acq-again_T2w.nii.gz" in reasons["sub-04_T2w"]
    experiment = open_experiment(root)
    t2 = {study.name: read_study(experiment, study).t2 for study in experiment.cohort.studies}
    assert {name for name, image in t2.items() if image is not None} == {"sub-02", "sub-05"}


@pytest.mark.slow
def test_a_real_pair_with_its_t2(tiny, shared, tmp_path):
    """Two glioma patients, aligned as they come: a few patches, restored, judged."""
    cohort, pairs = tmp_path / "cohort", shared / "data" / "glioma-pairs"
    names = sorted(path.name for path in pairs.glob("sub-*"))[:2]
    for name in names:
        (cohort / name / "anat").mkdir(parents=True)
        for path in (pairs / name / "anat").glob("*.nii.gz"):
            image = nibabel.load(path)
            middle = image.slicer[:, :, 60:100]  # forty slices are enough
            nibabel.save(middle, cohort / name / "anat" / path.name)
    split = {names[0].removeprefix("sub-"): "train", names[1].removeprefix("sub-"): "test"}
    changes = {
        "field": {"inputs": WITH_T2},
        "training": {"n_samples": 8, "patch_size": [64, 64]},
        "doses": [0.3],
    }
    root = tiny.write_experiment(tmp_path / "experiment", cohort, split=split, **changes)
    edit(root, cohort={"regions": {}})
    assert run_experiment(root, STAGES, NullProgress()) == []
    files = PreparedFiles(root / "prepared" / names[1], names[1])
    t2 = read_volume(files.t2).array
    head = read_volume(files.head, labels=True).array > 0
    assert np.median(t2[head]) == pytest.approx(-0.5, abs=0.05)
    assert (t2 >= 1).mean() < 0.001
    said = json.loads(files.t2.with_suffix(".json").read_text())
    assert said["alignment"]["information"] > 0.05
    assert (root / "restored" / names[1] / f"{names[1]}_ce-gadolinium_desc-dose30_T1w.nii.gz").is_file()
