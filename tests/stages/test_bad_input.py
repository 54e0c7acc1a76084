# SPDX-License-Identifier: Apache-2.0
"""What cannot be used is one line and an exit code; what else there is to do is done."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml

from lessgad.engine.lock import holding
from lessgad.engine.record import read_record
from lessgad.experiment.folder import ExperimentFolder

HOLD = """
import sys, time
from pathlib import Path
from lessgad.engine.lock import holding
with holding(Path(sys.argv[1]), "training of all-doses"):
    print("held", flush=True)
    time.sleep(60)
"""


def one_line(err: str) -> str:
    lines = [line for line in err.splitlines() if line.startswith("lessgad: ")]
    assert len(lines) == 1, err
    assert err.endswith(lines[0] + "\n")
    return lines[0]


def unusable(result: tuple[int, str, str], *words: str) -> str:
    code, _, err = result
    line = one_line(err)
    assert code == 2
    for word in words:
        assert word in line
    return line


def edit(root, change):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    change(settings)
    path.write_text(yaml.safe_dump(settings))


def test_no_experiment(lessgad, tmp_path):
    unusable(lessgad("run", tmp_path), "no experiment.yaml", "lessgad init")
    assert list(tmp_path.iterdir()) == []


def test_no_cohort(lessgad, tiny, tmp_path):
    root = tiny.write_experiment(tmp_path / "e", "../nowhere", split=None)
    unusable(lessgad("run", root), "no such folder", "nowhere")
    (tmp_path / "nowhere" / "subject1").mkdir(parents=True)
    unusable(lessgad("status", root), "no sub-* folders")
    assert [path.name for path in root.iterdir()] == ["experiment.yaml"]


def test_a_misspelt_key(lessgad, tiny_experiment):
    root = tiny_experiment("nothing")
    edit(root, lambda settings: settings["training"].update(n_sample=3))
    unusable(lessgad("run", root), "training.n_sample", "Did you mean n_samples?")
    assert not (root / "prepared").exists()


def test_nobody_to_train_on(lessgad, tiny, tiny_experiment):
    root = tiny_experiment("nothing")
    (root / "split.tsv").write_text(
        "participant_id\tsubset\n" + "".join(f"sub-{patient}\ttest\n" for patient in tiny.SPLIT)
    )
    unusable(lessgad("run", root), "The split has no train patient", "split.tsv")
    assert not (root / "prepared").exists()


def test_both_until_and_stage(lessgad, tiny_experiment):
    unusable(lessgad("run", tiny_experiment("nothing"), "--until", "train", "--stage", "train"), "--until and --stage")


def test_usage_errors_are_one_line_too(lessgad):
    unusable(lessgad("run"), "EXPERIMENT", "lessgad run --help")
    unusable(lessgad("run", "e", "--stage", "trian"), "trian", "train")
    unusable(lessgad("runn"), "runn")


def test_a_stage_before_its_time(lessgad, tiny_experiment):
    root = tiny_experiment("train")
    unusable(lessgad("run", root, "--stage", "evaluate"), "restore", "--until evaluate", str(root))
    unusable(lessgad("run", root, "--stage", "report"), "restore")
    assert not (root / "results").exists()


def spoil_nan(files, tiny):
    t1, _, _ = tiny.head(1)
    t1[20, 20, 5] = np.nan
    tiny.save(files["t1"], t1)


def spoil_4d(files, tiny):
    tiny.save(files["t1ce"], np.ones((*tiny.SHAPE, 2), dtype=np.float32))


def spoil_truncated(files, _tiny):
    files["t1ce"].write_bytes(files["t1ce"].read_bytes()[:5000])


def spoil_empty_mask(files, tiny):
    tiny.save(files["mask"], np.zeros(tiny.SHAPE, dtype=np.int16))


def spoil_labels(files, tiny):
    mask = np.zeros(tiny.SHAPE, dtype=np.int16)
    mask[20, 20, 5] = 7
    tiny.save(files["mask"], mask)


def spoil_mask_grid(files, tiny):
    tiny.save(files["mask"], np.ones((20, 24, 10), dtype=np.int16), tiny.AFFINE * [2, 2, 1, 1])


def spoil_grid(files, tiny):
    beside = tiny.AFFINE.copy()
    beside[0, 3] += 3
    tiny.save(files["t1ce"], tiny.head(1)[1], beside)


def spoil_pair(files, _tiny):
    files["t1ce"].unlink()


@pytest.mark.slow
def test_studies_that_cannot_be_used_are_named_and_the_rest_goes_on(lessgad, tiny, tiny_experiment):
    """Seven studies spoilt, each in its own way; mended, they are taken in."""
    root = tiny_experiment("nothing")
    cohort = root.parent / "cohort"
    cases = {
        "nan": (spoil_nan, "1 voxel is NaN"),
        "4d": (spoil_4d, "4 dimensions (40×48×10×2)"),
        "cut": (spoil_truncated, "truncated"),
        "empty": (spoil_empty_mask, "The mask is empty"),
        "label": (spoil_labels, "holds 7; the known labels are [1, 2]"),
        "grid": (spoil_mask_grid, "not on the grid of the T1w"),
        "moved": (spoil_grid, "not on one grid"),
        "single": (spoil_pair, "has no ce-gadolinium T1w"),
    }
    for name, (spoil, _) in cases.items():
        tiny.write_study(cohort, name, seed=40)
        spoil(tiny.study_files(cohort, name), tiny)
    code, out, err = lessgad("run", root, "--until", "prepare")
    assert code == 1
    summary = err[err.index("could not be used") :].splitlines()[1:]
    assert len(summary) == len(cases)
    for name, (_, reason) in cases.items():
        (line,) = [line for line in summary if f"sub-{name} " in line]
        assert reason in line
        assert not list((root / "prepared" / f"sub-{name}").glob("*")), name
    assert "sub-01" not in "".join(summary)
    assert (root / "prepared" / "sub-01" / "sub-01_desc-preparation.json").is_file()
    code, out, _ = lessgad("status", root)
    assert code == 1
    assert re.search(r"prepare +7 +· +7 +·", out)

    tiny.write_study(cohort, "nan", seed=40)
    code, _, err = lessgad("run", root, "--until", "prepare")
    assert code == 1
    assert "sub-nan " not in err
    assert "sub-cut " in err
    assert (root / "prepared" / "sub-nan" / "sub-nan_desc-preparation.json").is_file()


@pytest.mark.slow
def test_a_test_study_that_fails_is_missing_from_the_results_and_comes_back(lessgad, tiny, tiny_experiment):
    root = tiny_experiment("train")
    files = tiny.study_files(root.parent / "cohort", "05")
    whole = files["mask"].read_bytes()
    spoil_labels(files, tiny)
    model = (root / "models" / "all-doses" / "best.safetensors").stat().st_mtime_ns
    code, out, err = lessgad("run", root)
    assert code == 1
    assert "sub-05" in err
    assert out.strip().endswith("index.html")
    table = (root / "results" / "similarity.csv").read_text()
    assert "\n05," not in table
    assert "\n06,a," in table
    assert "sub-05" in (root / "report" / "index.html").read_text()
    files["mask"].write_bytes(whole)
    assert lessgad("run", root)[0] == 0
    assert "\n05," in (root / "results" / "similarity.csv").read_text()
    assert (root / "models" / "all-doses" / "best.safetensors").stat().st_mtime_ns == model


def test_all_training_studies_unusable(lessgad, tiny, tiny_experiment):
    root = tiny_experiment("nothing")
    for patient in ("01", "02", "03"):
        spoil_truncated(tiny.study_files(root.parent / "cohort", patient), tiny)
    unusable(lessgad("run", root), "No training study could be prepared")
    assert not (root / "models" / "all-doses" / "best.safetensors").exists()


def test_no_study_at_all_for_the_pretrained_model(lessgad, tiny, tiny_experiment):
    root = tiny_experiment("nothing")
    edit(root, lambda settings: settings.update(field={"preset": "kernel"}, training={"models": "pretrained"}))
    for patient, session in tiny.STUDIES:
        spoil_truncated(tiny.study_files(root.parent / "cohort", patient, session), tiny)
    line = unusable(lessgad("run", root), "No study could be prepared", "lessgad status", "--why")
    assert "validation" not in line
    assert not (root / "models" / "baselines.yaml").exists()


def test_two_runs_at_once(lessgad, tiny_experiment):
    root = tiny_experiment("prepare")
    lock = ExperimentFolder(root).state.lock("train/all-doses")
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline() == "held\n"
            unusable(lessgad("run", root), "training of all-doses", f"process {other.pid}")
        finally:
            other.kill()
    assert read_record(ExperimentFolder(root).state.record("train/all-doses")) is None
    time.sleep(0.1)
    with holding(lock, "the lock of a killed process, which is free"):
        pass
