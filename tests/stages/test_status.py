# SPDX-License-Identifier: Apache-2.0
"""What is stale after which change: looked at without running, and run where the results matter."""

import gzip
import json
import os

import nibabel
import pytest
import yaml

import lessgad
from lessgad.engine.progress import NullProgress
from lessgad.experiment.models import LIMITS
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.stage_names import STAGES
from lessgad.field.checkpoint import BEST, DESCRIPTION, LAST
from lessgad.pipeline.plan import plan_experiment
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.restoration.conformal_intervals import INTERVALS
from lessgad.restoration.out_of_distribution import TRAINING_RANGE
from lessgad.restoration.zero_dose_estimate import ZERO_DOSE_ESTIMATE
from lessgad.stages import train
from lessgad.training.learning_curve import CURVE_FILE
from lessgad.training.trainer import RESUME_FILE

DONE = {stage: {"done"} for stage in STAGES if stage != "segment"}  # none is asked for


def states(root):
    stages, failures = experiment_status(root)
    assert failures == []
    return {entry.stage: set(entry.states.values()) for entry in stages}


def change(root, group, **values):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    settings[group] = {**settings[group], **values} if values else settings[group]
    path.write_text(yaml.safe_dump(settings))


def set_doses(root, doses):
    path = root / "experiment.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "doses": doses}))


def written(root, *kinds):
    return {path: path.stat().st_mtime_ns for kind in kinds for path in (root / kind).rglob("*") if path.is_file()}


def test_another_dose_is_done_alone(tiny_experiment, tiny):
    root = tiny_experiment("report")
    before = written(root, "prepared", "models/all-doses")
    set_doses(root, [0.0, 0.3])
    stages, _ = experiment_status(root)
    wanting = {entry.stage: {n for n, state in entry.states.items() if state != "done"} for entry in stages}
    of_dose_30 = {f"{study}_dose30" for study in tiny.JUDGED}
    assert wanting == {
        "prepare": set(),
        "train": set(),
        "restore": of_dose_30 | {"baselines_dose30", "baselines"},
        "evaluate": of_dose_30,
        "report": {"report"},
    }
    kept = written(root, "restored", ".state/scores", ".state/baselines")
    assert run_experiment(root, STAGES, NullProgress()) == []
    assert written(root, "prepared", "models/all-doses") == before
    after = written(root, "restored", ".state/scores", ".state/baselines")
    assert {path: after[path] for path in kept} == kept
    assert {path for path in after if path not in kept} == {path for path in after if "dose30" in str(path)}
    assert states(root) == DONE
    doses = {line.split(",")[3] for line in (root / "results" / "similarity.csv").read_text().splitlines()[1:]}
    assert doses == {"0.0", "0.3", "1.0"}  # 1: the repeat


def test_other_training_settings_keep_what_is_prepared(tiny_experiment):
    root = tiny_experiment("report")
    change(root, "training", learning_rate=0.002)
    of_baselines = {"restore": {"stale", "done"}}  # their tuning needs no network
    of_standard_dose = {"evaluate": {"stale", "done"}}  # nothing is restored to judge it
    expected = {stage: {"done"} if stage == "prepare" else {"stale"} for stage in DONE}
    assert states(root) == expected | of_baselines | of_standard_dose


def test_a_changed_training_study_is_prepared_and_trained_anew(tiny_experiment, tiny):
    root = tiny_experiment("report")
    path = tiny.study_files(root.parent / "cohort", "02")["t1ce"]
    image = nibabel.load(path)
    tiny.save(path, image.get_fdata(dtype="float32") * 1.01)
    stages, _ = experiment_status(root)
    found = {entry.stage: entry.states for entry in stages}
    assert [name for name, state in found["prepare"].items() if state != "done"] == ["sub-02"]
    assert found["train"] == {"all-doses": "stale", "all-doses_limits": "stale"}


def test_a_changed_test_study_trains_nothing(tiny_experiment, tiny):
    root = tiny_experiment("report")
    mask = tiny.study_files(root.parent / "cohort", "05")["mask"]
    labels = nibabel.load(mask).get_fdata().astype("int16")
    tiny.save(mask, labels[::-1].copy())
    stages, _ = experiment_status(root)
    changed = {(entry.stage, name) for entry in stages for name, state in entry.states.items() if state != "done"}
    of_doses = {f"sub-05_{part}" for part in ("dose0", "dose10", "dose50")}
    assert changed == {
        *(("prepare", "sub-05"), ("report", "report"), ("evaluate", "sub-05_standard")),
        *((stage, name) for stage in ("restore", "evaluate") for name in of_doses),
    }


def test_touching_files_changes_nothing(tiny_experiment):
    root = tiny_experiment("report")
    for path in (root.parent / "cohort").rglob("*"):
        os.utime(path)
    (root / "experiment.yaml").write_text("# a comment\n" + (root / "experiment.yaml").read_text())
    assert states(root) == DONE


def test_the_package_version_makes_nothing_stale(tiny_experiment, monkeypatch):
    root = tiny_experiment("report")
    monkeypatch.setattr(lessgad, "__version__", "99.0.0")
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "99.0.0")
    assert states(root) == DONE


def test_number_of_workers_makes_nothing_stale(tiny_experiment):
    root = tiny_experiment("report")
    path = root / "experiment.yaml"
    path.write_text(path.read_text().replace("n_workers: 1", "n_workers: 2"))
    assert states(root) == DONE


def test_a_new_patient_is_added_and_nobody_is_moved(tiny_experiment, tiny):
    root = tiny_experiment("report")
    before = (root / "split.tsv").read_text()
    tiny.write_study(root.parent / "cohort", "00")
    found = states(root)
    assert (root / "split.tsv").read_text() == before  # to look changes nothing
    assert found["prepare"] == {"done", "to do"}
    assert open_experiment(root).subsets == {**tiny.SPLIT, "00": open_experiment(root).subsets["00"]}
    lines = (root / "split.tsv").read_text().splitlines()
    assert set(before.splitlines()) < set(lines)
    assert len(lines) == len(before.splitlines()) + 1


@pytest.mark.parametrize("gone", ["prepared", "models", "restored", "results/similarity.csv", "report"])
def test_what_somebody_deletes_is_to_do_again(tiny_experiment, gone):
    root = tiny_experiment("report")
    path = root / gone
    path.rename(root / "away")
    found = states(root)
    stage = {"prepared": "prepare", "models": "train", "restored": "restore"}.get(gone, "report")
    expected = {**DONE, stage: {"to do"}}
    if gone == "models":
        expected["train"] = {"to do", "waiting"}  # the limits wait for the training
    if gone == "models":
        expected["restore"] = {"done", "to do"}  # the tuned baselines lie there too
    if gone == "restored":
        # with the maps that judging drew, of every dose but 0
        expected |= {"restore": {"done", "to do"}, "evaluate": {"done", "waiting"}}
    assert found == expected


def test_deleted_best_weights_come_back_the_same(tiny_experiment, tiny_stages):
    root = tiny_experiment("train")
    (root / "models" / "all-doses" / BEST).unlink()
    assert run_experiment(root, ["train"], NullProgress()) == []
    for name in (BEST, LAST):
        expected = (tiny_stages / "train" / "models" / "all-doses" / name).read_bytes()
        assert (root / "models" / "all-doses" / name).read_bytes() == expected


def test_a_stage_alone_wants_everything_before_it(tiny_experiment, tiny):
    """Stale prepared images are not restored under the fingerprint of new ones."""
    root = tiny_experiment("report")
    mask = tiny.study_files(root.parent / "cohort", "05")["mask"]
    mask.write_bytes(gzip.compress(gzip.decompress(mask.read_bytes()), compresslevel=1))
    with pytest.raises(lessgad.LessgadError, match=r"Stage restore needs stage prepare.*sub-05"):
        run_experiment(root, ["restore"], NullProgress())


def test_files_of_a_model_are_those_that_training_writes():
    assert set(train.WRITTEN) == {DESCRIPTION, BEST, LAST, CURVE_FILE}
    assert RESUME_FILE in train.PASSING
    assert set(LIMITS) == {TRAINING_RANGE, INTERVALS, ZERO_DOSE_ESTIMATE}


def test_records_hold_no_place_on_the_disk(tiny_experiment, tiny):
    root = tiny_experiment("nothing")
    path = tiny.study_files(root.parent / "cohort", "02")["t1"]
    path.write_bytes(b"no image")
    run_experiment(root, ["prepare"], NullProgress())
    record = json.loads((root / ".state" / "prepare" / "sub-02.json").read_text())
    assert record["outcome"] == "failed"
    assert "sub-02_T1w.nii.gz" in record["reason"]
    assert "/" not in record["reason"]


def test_planning_imports_nothing_heavy(tiny_experiment):
    import subprocess
    import sys

    root = tiny_experiment("report")
    code = (
        "import sys; from lessgad.pipeline.status import experiment_status; from pathlib import Path\n"
        f"experiment_status(Path({str(root)!r}))\n"
        "print(sorted({'torch', 'itk', 'monai', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_unit_names_its_outputs(tiny_experiment):
    experiment = open_experiment(tiny_experiment("report"))
    for unit in plan_experiment(experiment):
        assert unit.outputs
        assert all(path.exists() for path in unit.outputs), unit
