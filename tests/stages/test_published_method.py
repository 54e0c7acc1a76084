# SPDX-License-Identifier: Apache-2.0
"""The published method runs from preparation to report: ten steps of each part, two doses, a tiny cohort."""

import csv

import pytest
import torch
import yaml

from lessgad.engine.progress import NullProgress
from lessgad.experiment.stage_names import STAGES
from lessgad.experiment.template import experiment_yaml
from lessgad.field.checkpoint import read_description
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.segmentation.settings import SegmentationSettings

DOSES = (0.1, 0.3)
N_STEPS, BATCH = 10, 2


@pytest.fixture(scope="module")
def published(tiny, tmp_path_factory):
    """An experiment as `init --paper` writes it, made short."""
    base = tmp_path_factory.mktemp("published")
    tiny.write_cohort(base / "cohort")
    root = tiny.write_experiment(base / "experiment", base / "cohort")
    settings = yaml.safe_load(
        experiment_yaml(
            cohort=str(base / "cohort"),
            derivative=None,
            regions={"intrameatal": (1,), "extrameatal": (2,)},
            left_out={},
            aligned=True,
            quick=False,
            paper=True,
            segmentation=SegmentationSettings(epochs=1),
        )
    )
    settings["doses"] = list(DOSES)
    settings["preparation"] |= {"calibration": "robust"}  # tiny heads have no second peak
    settings["training"] |= {
        "n_samples": N_STEPS * BATCH,
        "batch_size": BATCH,
        "patch_size": [48, 40],
        "validate_every": N_STEPS * BATCH // 2,
        "n_validation_slices": 1,
    }
    settings["n_workers"] = 1
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessgad.segmentation.nnunet_trainer.QUICK_STEPS", N_STEPS)
        assert run_experiment(root, STAGES, NullProgress()) == []
    return root


@pytest.mark.soak
def test_each_dose_has_the_published_network_and_its_discriminator_learned(published):
    for dose in DOSES:
        folder = published / "models" / f"dose{100 * dose:g}"
        description = read_description(folder)
        assert (description.dose, description.field.preset) == (dose, "paper")
        networks = torch.load(folder / "resume.pt", weights_only=True)["networks"]
        for optimizer in ("optimizer", "discriminator_optimizer"):
            steps = {float(state["step"]) for state in networks[optimizer]["state"].values()}
            assert steps == {N_STEPS}


@pytest.mark.soak
def test_tables_and_report_have_both_doses(published):
    for table in ("similarity.csv", "enhancement.csv", "overlap.csv"):
        with (published / "results" / table).open(newline="") as file:
            rows = list(csv.DictReader(file))
        name = "image" if table == "overlap.csv" else "method"
        assert {float(row["dose"]) for row in rows if row[name] == "restored"} == set(DOSES)
    assert "restored" in (published / "report" / "index.html").read_text()
    stages, failures = experiment_status(published)
    assert failures == []
    assert all(set(stage.states.values()) == {"done"} for stage in stages)
