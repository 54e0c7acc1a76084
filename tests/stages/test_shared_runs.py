# SPDX-License-Identifier: Apache-2.0
"""Several runs on one experiment: shares, patients, what another run is at; what would be done, and why."""

import re

import pytest
import yaml

from lessgad.engine.lock import holding
from lessgad.experiment.opened import open_experiment
from lessgad.pipeline.plan import standing_of
from lessgad.pipeline.status import experiment_status


def prepared(root):
    return {path.name for path in (root / ".state" / "prepare").glob("*.json")}


def images(root, stage):
    return {path.relative_to(root): path.read_bytes() for path in (root / stage).rglob("*") if path.is_file()}


def change(root, group, **values):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**settings, group: {**settings[group], **values}}))


def test_two_shares_are_the_whole(lessgad, tiny_experiment, tiny_stages):
    root = tiny_experiment("nothing")
    assert lessgad("run", root, "--stage", "prepare", "--shard", "1/2")[0] == 0
    first = prepared(root)
    assert len(first) == 4
    assert lessgad("run", root, "--stage", "prepare", "--shard", "2/2")[0] == 0
    assert len(prepared(root)) == 7
    assert images(root, "prepared") == images(tiny_stages / "prepare", "prepared")


def test_patients_that_are_named(lessgad, tiny_experiment):
    root = tiny_experiment("nothing")
    assert lessgad("run", root, "--stage", "prepare", "--participant-label", "01", "sub-06")[0] == 0
    assert prepared(root) == {"sub-01.json", "sub-06_ses-a.json", "sub-06_ses-b.json"}
    code, _, err = lessgad("run", root, "--stage", "prepare", "--participant-label", "99")
    assert code == 2
    assert "has no sub-99, which --participant-label names" in err


def test_one_patient_is_restored_before_others_are_prepared(lessgad, tiny_experiment):
    root = tiny_experiment("nothing")
    change(root, "training", models="pretrained")
    change(root, "field", preset="kernel")
    for stage in ("prepare", "restore"):
        code, _, err = lessgad("run", root, "--stage", stage, *(("--participant-label", "01")))
        assert code == (0 if stage == "prepare" else 2), err
    assert "Stage restore needs stage train" in err
    assert lessgad("run", root, "--stage", "train")[0] == 0
    code, _, err = lessgad("run", root, "--stage", "restore", "--participant-label", "01")
    assert code == 0, err
    assert {path.parts[-3] for path in (root / "restored").rglob("*.nii.gz")} <= {"sub-01", "restored"}
    assert list((root / "restored").rglob("sub-01*.nii.gz"))


@pytest.mark.parametrize("shard", ["0/50", "51/50", "three"])
def test_a_share_that_is_none(lessgad, tiny_experiment, shard):
    code, _, err = lessgad("run", tiny_experiment("nothing"), "--stage", "prepare", "--shard", shard)
    assert code == 2
    assert f"--shard {shard} is not understood" in err


@pytest.mark.parametrize("option", [("--shard", "1/2"), ("--participant-label", "01")])
def test_stages_that_need_everybody(lessgad, tiny_experiment, option):
    root = tiny_experiment("nothing")
    for more in (("--stage", "train"), ()):
        code, _, err = lessgad("run", root, *more, *option)
        assert code == 2
        assert "Give them with --stage prepare, restore, segment or evaluate" in err


def test_what_another_run_is_at_is_skipped(lessgad, tiny_experiment):
    root = tiny_experiment("nothing")
    experiment = open_experiment(root)
    mark = standing_of(experiment).fingerprint("prepare/sub-02")
    with holding(experiment.folder.state.lock("prepare/sub-02"), "preparation of sub-02", mark):
        code, _, err = lessgad("run", root, "--stage", "prepare")
        assert code == 0
        assert re.search(r"preparation of sub-02 skipped: another run at it \(process \d+ on ", err)
        assert len(prepared(root) - {"sub-02.holder.json"}) == 6
        states = experiment_status(root)[0][0].states
        assert states.pop("sub-02") == "running"
        assert set(states.values()) == {"done"}
        code, _, err = lessgad("run", root, "--until", "train")
        assert code == 2
        assert "Stage train needs the preparation of sub-02, and another run works on it" in err
    assert lessgad("run", root, "--stage", "prepare")[0] == 0
    assert len(prepared(root)) == 7


def test_a_run_with_other_settings_at_the_same_time(lessgad, tiny_experiment):
    root = tiny_experiment("nothing")
    with holding(open_experiment(root).folder.state.runs / "another-1-x.lock", "run", "other settings"):
        code, _, err = lessgad("run", root, "--stage", "prepare")
    assert code == 2
    assert "Another run with other settings" in err
    assert not (root / "prepared").exists()


def test_what_would_be_done_and_why(lessgad, tiny_experiment):
    root = tiny_experiment("report")
    code, out, _ = lessgad("run", root, "--dry-run")
    assert (code, out.strip()) == (0, "nothing to do")
    change(root, "training", learning_rate=0.002)
    before = images(root, "models")
    code, out, _ = lessgad("run", root, "--dry-run")
    assert code == 0
    assert "train stale: all-doses: training.learning_rate: 0.001 → 0.002\n" in out
    assert "restore stale: 12: sub-04_dose0" in out
    assert ": changed: the training of all-doses and the limits of all-doses\n" in out
    assert (
        "evaluate stale: 12: sub-04_dose0, sub-04_dose10, sub-04_dose50, … sub-06_ses-b_dose50: changed: its stage"
        in out
    )
    assert "report stale: report: changed: 12 of stage restore; changed: 12 of stage evaluate\n" in out
    assert out.strip().endswith("27 to do")
    assert "prepare" not in out
    assert images(root, "models") == before
    code, why, _ = lessgad("status", root, "--why")
    assert code == 0
    assert [line for line in out.splitlines() if ": " in line] == [line for line in why.splitlines() if ": " in line]


def test_a_study_that_was_mended_is_stale_and_training_does_not_go_on_without_it(lessgad, tiny, tiny_experiment):
    root = tiny_experiment("nothing")
    mask = tiny.study_files(root.parent / "cohort", "02")["mask"]
    whole = mask.read_bytes()
    mask.write_bytes(whole[:200])
    assert lessgad("run", root, "--until", "train")[0] == 1
    mask.write_bytes(whole)
    stages, failures = experiment_status(root)
    assert failures == []
    assert stages[0].states["sub-02"] == "stale"
    assert set(stages[1].states.values()) == {"stale"}
    code, _, err = lessgad("run", root, "--stage", "train")
    assert code == 2
    assert "Stage train needs stage prepare: 1 of 7 units are not done (the first is sub-02)" in err


def test_a_bug_in_one_study_fails_that_study_alone(lessgad, tiny_experiment, monkeypatch):
    from lessgad.preparation import pair

    root, prepare_pair, n_calls = tiny_experiment("nothing"), pair.prepare_pair, 0

    def odd(*arguments):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 2:
            raise ZeroDivisionError("of sub-02")
        return prepare_pair(*arguments)

    monkeypatch.setattr(pair, "prepare_pair", odd)
    code, _, err = lessgad("run", root, "--until", "prepare")
    assert code == 1
    assert "sub-02 (prepare): internal error, a bug: ZeroDivisionError in " in err
    assert "sub-01" not in err[err.index("could not be used") :]
    log = sorted((root / "logs").iterdir())[-1].read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError" in log
    assert "sub-" not in log
    monkeypatch.undo()
    assert lessgad("run", root, "--until", "prepare")[0] == 0


def test_a_cohort_that_vanishes_in_the_middle(lessgad, tiny_experiment, monkeypatch):
    from lessgad.stages import prepare

    root, read, n_calls = tiny_experiment("nothing"), prepare.read_volume, 0
    cohort = root.parent / "cohort"

    def vanishing(path):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 5:
            cohort.rename(cohort.with_name("away"))
        return read(path)

    monkeypatch.setattr(prepare, "read_volume", vanishing)
    code, _, err = lessgad("run", root, "--until", "prepare")
    assert code == 2
    assert f"{cohort}: The folder was there when the run began and is gone" in err
    assert prepared(root) == {"sub-01.json", "sub-02.json"}
    monkeypatch.undo()
    cohort.with_name("away").rename(cohort)
    assert lessgad("run", root, "--until", "prepare")[0] == 0


def test_a_record_of_a_newer_lessgad(lessgad, tiny_experiment):
    root = tiny_experiment("prepare")
    record = root / ".state" / "prepare" / "sub-02.json"
    record.write_text('{"format": 99, "fingerprint": "f", "outcome": "done"}')
    for command in (("status",), ("run", "--until", "prepare")):
        code, _, err = lessgad(command[0], root, *command[1:])
        assert code == 2
        assert "sub-02.json: This record has format 99 and was written by a newer lessgad" in err


def test_jobs_of_an_array_that_begin_at_once_assign_new_patients_once(lessgad, tiny_experiment, monkeypatch):
    """One of them is at it; the other waits until that is done, and takes the same split."""
    from lessgad.experiment import opened

    root = tiny_experiment("nothing")
    lock, split = root / ".state" / "split" / "split.lock", root / "split.tsv"
    split.unlink()
    expected = open_experiment(root).subsets
    written = split.read_bytes()
    split.unlink()
    with holding(lock, "assignment of new patients"):
        monkeypatch.setattr(opened, "sleep", lambda _seconds: split.write_bytes(written))
        assert open_experiment(root).subsets == expected
        assert split.read_bytes() == written
        split.unlink()
        monkeypatch.setattr(opened, "sleep", lambda _seconds: None)
        code, _, err = lessgad("run", root, "--stage", "prepare")
        assert code == 2
        assert "Another run works on the assignment of new patients" in err
