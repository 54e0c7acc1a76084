# SPDX-License-Identifier: Apache-2.0
"""What is enough is fixed before results, and a later change is told."""

import json

import pytest
import yaml

from lessgad.errors import InputError
from lessgad.evaluation.results.artifacts import read_artifacts
from lessgad.evaluation.results.enhancement import read_enhancement
from lessgad.evaluation.results.lesions import read_lesions
from lessgad.evaluation.results.overlap import OverlapRow, read_overlap
from lessgad.evaluation.results.similarity import read_similarity
from lessgad.experiment.opened import open_experiment
from lessgad.experiment_report.answer_from_results import answer_of, freeze_answer


def answered(root):
    experiment = open_experiment(root)
    folder = experiment.folder
    return answer_of(
        experiment,
        read_similarity(folder.table("similarity")),
        read_enhancement(folder.table("enhancement")),
        read_overlap(folder.table("overlap")),
        read_artifacts(folder.table("artifacts")),
        read_lesions(folder.table("lesions")),
    )


def dice(image, dose, value, patient="05", region="tumor"):
    return OverlapRow(patient, "", "test", dose, image, region, value, 1.0, 1.0, 1.0, 0.0)


def test_loss_of_dice_is_that_of_the_standard_dose_minus_that_of_the_image(tiny_experiment):
    root = tiny_experiment("prepare")
    settings = yaml.safe_load((root / "experiment.yaml").read_text())
    settings["answer"] = {"endpoints": [{"metric": "dice_loss", "at_most": 0.1}], "min_patients": 8}
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings))
    rows = [
        *(dice("standard", 1.0, 0.9), dice("restored", 0.1, 0.6), dice("low", 0.1, 0.1), dice("restored", 0.0, 0.0)),
        *(dice("standard", 1.0, 0.9, region="other"), dice("restored", 0.1, 0.0, region="other")),
        *(dice("standard", 1.0, float("nan"), patient="06"), dice("restored", 0.1, 0.0, patient="06")),
    ]
    answer, _ = answer_of(open_experiment(root), [], [], rows, [], [])
    losses = {cell.dose: cell.median for cell in answer.cells}
    assert losses[0.1] == pytest.approx(0.3)
    assert losses[0.0] == pytest.approx(0.9)
    assert answer.n_undefined == (1,)


@pytest.mark.slow
def test_it_is_fixed_before_the_first_result_and_stays(tiny_experiment):
    root = tiny_experiment("report")
    path = root / "results" / "answer_fixed.json"
    record = json.loads(path.read_text())
    assert record["before_results"] is True
    assert record["content"]["patients"] == ["05", "06"]
    before = path.read_bytes()
    freeze_answer(open_experiment(root))
    assert path.read_bytes() == before
    answer, registration = answered(root)
    assert registration.standing == "before results"
    assert answer.status == "too few"
    assert {cell.n_patients for cell in answer.cells} == {2}


@pytest.mark.slow
def test_a_change_after_results_is_told_and_a_record_that_comes_late_too(tiny_experiment):
    root = tiny_experiment("report")
    settings = yaml.safe_load((root / "experiment.yaml").read_text())
    settings["answer"] = {"endpoints": [{"metric": "recovery", "at_least": 0.5}]}
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings))
    assert answered(root)[1].standing == "changed"
    (root / "results" / "answer_fixed.json").unlink()
    assert answered(root)[1].standing == "never"
    freeze_answer(open_experiment(root))
    assert answered(root)[1].standing == "after results"


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["", "[1]", '{"sha256": "0"}'])
def test_a_damaged_record_is_one_line(tiny_experiment, damage):
    root = tiny_experiment("report")
    (root / "results" / "answer_fixed.json").write_text(damage)
    with pytest.raises(InputError, match="record of the answer"):
        answered(root)
