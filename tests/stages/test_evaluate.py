# SPDX-License-Identifier: Apache-2.0
"""Where and by which model a study is restored and judged."""

import numpy as np
import pytest
import yaml

from lessgad.engine.progress import NullProgress
from lessgad.errors import LessgadError
from lessgad.evaluation.results.intervals import read_intervals_table
from lessgad.experiment.models import model_doses, model_of_dose
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.stage_names import STAGES
from lessgad.field.checkpoint import load_field
from lessgad.pipeline.run import run_experiment
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.scoring.judged_part import areas_of
from lessgad.scoring.study_scores import StudyScorer
from lessgad.stages.train import VALIDATION_DOSES
from lessgad.volume import in_transverse_order, read_volume

REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}


def edit(root, **groups):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    for group, values in groups.items():
        settings[group] = {**settings[group], **values} if isinstance(values, dict) else values
    path.write_text(yaml.safe_dump(settings))


def study_05(root):
    return read_prepared(PreparedFiles(root / "prepared" / "sub-05", "sub-05"))


def test_areas_lie_in_each_other(tiny_stages):
    areas = areas_of(study_05(tiny_stages / "prepare"), REGIONS)
    assert list(areas) == ["tumor_box", "tumor", "head"]
    assert areas["tumor"].sum() > 0
    assert not (areas["tumor"] & ~areas["tumor_box"]).any()
    assert not (areas["tumor"] & ~areas["head"]).any()


def test_one_threshold_for_a_study_that_has_a_tumor(tiny_stages):
    scorer = StudyScorer(study_05(tiny_stages / "prepare"), "test", REGIONS)
    (row,) = scorer.scores.thresholds
    assert row.threshold == max(3 * row.noise, 2 * row.spread, row.tumor_median / 2)
    assert row.tumor_over_spread == pytest.approx(row.tumor_median / row.spread)
    assert StudyScorer(study_05(tiny_stages / "prepare"), "test", {}).scores.thresholds == []


def test_without_a_region_the_head_is_judged(tiny_stages):
    assert list(areas_of(study_05(tiny_stages / "prepare"), {})) == ["head"]
    assert list(areas_of(study_05(tiny_stages / "prepare"), {"cyst": (9,)})) == ["head"]


def test_one_model_for_all_doses_or_one_for_each(tiny_experiment):
    root = tiny_experiment("nothing")
    settings = open_experiment(root).settings
    assert model_doses(settings) == {"all-doses": None}
    assert model_of_dose(settings, 0.1) == "all-doses"
    edit(root, training={"models": "per_dose"})
    settings = open_experiment(root).settings
    assert model_doses(settings) == {"dose0": 0.0, "dose10": 0.1, "dose50": 0.5}
    assert model_of_dose(settings, 0.1) == "dose10"


@pytest.mark.slow
def test_per_dose_models_restore_their_own_dose(tiny_experiment):
    root = tiny_experiment("prepare")
    edit(root, training={"models": "per_dose", "n_samples": 8}, doses=[0.1, 0.5])
    assert run_experiment(root, STAGES, NullProgress()) == []
    assert sorted(path.name for path in (root / "models").iterdir()) == ["baselines.yaml", "dose10", "dose50"]
    prepared = study_05(root)
    fields = {name: load_field(root / "models" / name) for name in ("dose10", "dose50")}
    assert (fields["dose10"][1].dose, fields["dose50"][1].dose) == (0.1, 0.5)
    for name, other, dose in (("dose10", "dose50", 0.1), ("dose50", "dose10", 0.5)):
        low_dose = (1 - np.float32(dose)) * prepared.pre_contrast + np.float32(dose) * prepared.standard_dose
        path = root / "restored" / "sub-05" / f"sub-05_ce-gadolinium_desc-{name}_T1w.nii.gz"
        written = in_transverse_order(read_volume(path)).array
        by_own, by_other = (
            restore_volume(
                fields[model][0],
                {"pre_contrast": np.asarray(prepared.pre_contrast), "low_dose": low_dose},
                dose,
                prepared.head_box,
                prepared.spacing_mm,
                RestorationSettings(precision="fp32"),
            ).restored
            for model in (name, other)
        )
        np.testing.assert_allclose(written, by_own, atol=1e-6)
        assert np.abs(written - by_other).max() > 1e-4


@pytest.mark.slow
def test_a_field_that_says_nothing_of_its_error_gets_one_half_width(tiny_experiment):
    root = tiny_experiment("prepare")
    edit(root, field={"interval": False}, training={"n_samples": 8}, doses=[0.1])
    assert run_experiment(root, STAGES, NullProgress()) == []
    rows = read_intervals_table(root / "results" / "intervals.csv")
    assert len(rows) == 4 * 3  # studies, areas
    widths = [row.half_width for row in rows]
    assert max(widths) == pytest.approx(min(widths), rel=1e-6)  # means of float32
    assert all(0 <= row.coverage <= 1 for row in rows)


def test_validation_doses_are_doses():
    assert all(0 <= dose < 1 for dose in VALIDATION_DOSES)


def test_a_training_that_cannot_go_on_stops_the_run(tiny_experiment):
    """A prepared image damaged on disk: the run does not go on to restore with a model that is not there."""
    root = tiny_experiment("prepare")
    path = root / "prepared" / "sub-02" / "sub-02_desc-prepared_T1w.nii"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(LessgadError, match=r"Stage restore needs stage train.*all-doses"):
        run_experiment(root, STAGES, NullProgress())
