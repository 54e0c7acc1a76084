# SPDX-License-Identifier: Apache-2.0
"""The report is made anew when what it shows changes, and holds no place on the disk."""

import csv

import yaml

from lessgad.engine.progress import NullProgress
from lessgad.experiment.opened import open_experiment
from lessgad.pipeline.plan import standing_of
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.stages.report import failed_studies


def not_done(root):
    stages, _ = experiment_status(root)
    return {entry.stage for entry in stages if set(entry.states.values()) != {"done"}}


def test_statistics_belong_to_the_report_alone(tiny_experiment):
    root = tiny_experiment("report")
    path = root / "experiment.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "evaluation": {"n_resamples": 200}}))
    assert not_done(root) == {"report"}


def test_table_4_holds_the_means_over_test_studies(tiny_stages):
    results = tiny_stages / "report" / "results"
    with (results / "similarity.csv").open(newline="") as file:
        values = [
            float(row["psnr_db"])
            for row in csv.DictReader(file)
            if (row["subset"], row["dose"], row["method"], row["area"]) == ("test", "0.1", "restored", "tumor_box")
        ]
    with (results / "table4.csv").open(newline="") as file:
        (cell,) = [
            row
            for row in csv.DictReader(file)
            if (float(row["dose"]), row["method"], row["metric"]) == (0.1, "restored", "psnr_db")
        ]
    assert (cell["n_studies"], cell["n_patients"]) == ("3", "2")
    assert abs(float(cell["mean"]) - sum(values) / 3) < 1e-6
    assert cell["star"] == "no"  # no stars under 11 studies


def test_failures_are_shown_and_make_a_new_report(tiny_experiment):
    root = tiny_experiment("evaluate")
    cohort = root.parent / "cohort"
    (cohort / "sub-07" / "anat").mkdir(parents=True)
    experiment = open_experiment(root)
    failures = standing_of(experiment).failures("report/report")
    assert [failure.study for failure in failed_studies(experiment, failures)] == ["sub-07"]
    (failure,) = run_experiment(root, ["report"], NullProgress())
    assert (failure.stage, failure.study) == ("cohort", "sub-07")
    page = (root / "report" / "index.html").read_text()
    assert "sub-07" in page
    assert str(cohort) not in page
    assert not_done(root) == set()
    (cohort / "sub-07" / "anat").rmdir()
    (cohort / "sub-07").rmdir()
    assert not_done(root) == {"report"}
    assert run_experiment(root, ["report"], NullProgress()) == []
    assert "sub-07" not in (root / "report" / "index.html").read_text()
