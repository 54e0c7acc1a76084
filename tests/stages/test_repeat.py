# SPDX-License-Identifier: Apache-2.0
"""A second scan at the standard dose: prepared where the cohort has one, else simulated; judged and shown."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest

from lessgad.dose.simulation import SimulationSettings
from lessgad.engine.progress import NullProgress
from lessgad.evaluation.results.enhancement import read_enhancement
from lessgad.evaluation.results.lesions import read_lesions
from lessgad.evaluation.results.similarity import read_similarity
from lessgad.evaluation.results.table import EXCHANGED, REPEAT
from lessgad.experiment.stage_names import STAGES
from lessgad.pipeline.run import run_experiment
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared
from lessgad.scoring.repeat import score_repeat, simulated_repeat
from lessgad.scoring.study_scores import StudyScorer

REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}
WHITE = SimulationSettings(model="linear", noise="none")


@pytest.fixture
def study(tiny_stages):
    return read_prepared(PreparedFiles(tiny_stages / "prepare" / "prepared" / "sub-05", "sub-05"))


def test_a_simulated_repeat_differs_from_the_scan_by_the_noise_of_two(study):
    noisy = replace(study, sigma=0.05)
    repeat = simulated_repeat(noisy, WHITE)
    inside = study.head & (study.standard_dose > -0.5) & (study.standard_dose < 0.5)
    difference = (repeat.image - study.standard_dose)[inside]
    assert not repeat.scanned
    assert difference.std() == pytest.approx(0.05 * np.sqrt(2), rel=0.1)
    again = simulated_repeat(noisy, WHITE)
    np.testing.assert_array_equal(again.image, repeat.image)
    other = simulated_repeat(noisy, replace_seed(WHITE, 2))
    assert np.abs(other.image - repeat.image).max() > 0.05


def replace_seed(settings, seed):
    return settings.model_copy(update={"seed": seed})


def test_without_a_known_noise_no_repeat_is_simulated(study):
    assert simulated_repeat(replace(study, sigma=None), WHITE) is None


def test_a_repeat_and_the_scan_that_it_repeats_are_judged_against_each_other(study):
    noisy = replace(study, sigma=0.02, sigma_pre_contrast=0.02)
    scorer = StudyScorer(noisy, "test", REGIONS)
    score_repeat(scorer, noisy, "test", REGIONS, simulated_repeat(noisy, WHITE))
    scores = scorer.scores
    one, other = (next(row for row in scores.enhancement if row.method == name) for name in (REPEAT, EXCHANGED))
    assert (one.dose, other.dose) == (1.0, 1.0)
    assert one.recovery * other.recovery == pytest.approx(1, rel=1e-3)
    assert one.recovery == pytest.approx(1, abs=0.05)
    assert {row.method for row in scores.lesions} == {REPEAT, EXCHANGED}
    assert len(scores.thresholds) == 1
    ssim = {row.method: row.ssim for row in scores.similarity if row.area == "head"}
    assert ssim[REPEAT] == pytest.approx(ssim[EXCHANGED], rel=1e-6)


@pytest.mark.slow
def test_a_scanned_repeat_is_prepared_and_judged_and_the_page_shows_it(tiny, tiny_experiment):
    root = tiny_experiment("train")
    files = tiny.study_files(root.parent / "cohort", "05")
    scan = np.asanyarray(nibabel.load(files["t1ce"]).dataobj)
    again = files["t1ce"].with_name(files["t1ce"].name.replace("_T1w", "_run-2_T1w"))
    tiny.save(again, (1.7 * (scan + np.float32(3) * np.random.default_rng(1).standard_normal(scan.shape))).astype("f4"))
    assert run_experiment(root, STAGES, NullProgress()) == []
    assert (root / "prepared" / "sub-05" / "sub-05_acq-repeat_ce-gadolinium_desc-prepared_T1w.nii").exists()
    rows = {row.patient: row for row in read_enhancement(root / "results" / "enhancement.csv") if row.method == REPEAT}
    assert rows["05"].dose == 1.0
    assert rows["05"].recovery == pytest.approx(1, abs=0.05)
    similarity = read_similarity(root / "results" / "similarity.csv")
    assert {row.area for row in similarity if row.method == REPEAT} == {"tumor_box", "tumor", "head"}
    assert EXCHANGED in {row.method for row in read_lesions(root / "results" / "lesions.csv")}
    page = (root / "report" / "index.html").read_text()
    assert "standard dose, repeat scan" in page
    assert "100 %, repeat scan" in page
    assert EXCHANGED not in page
    assert "It was scanned in" in page
