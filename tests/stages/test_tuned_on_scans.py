# SPDX-License-Identifier: Apache-2.0
"""Where validation patients were scanned at lower doses, limits and baselines are found on these scans."""

import numpy as np
import pytest
import yaml
from scanned_doses import edit, files_of, states

from lessgad.dose.simulation import simulated_low_dose, study_simulator
from lessgad.engine.progress import NullProgress
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.read_study import scanned_low_doses, usable_of
from lessgad.pipeline.plan import plan_experiment, standing_of
from lessgad.pipeline.run import run_experiment
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import read_prepared
from lessgad.restoration.baseline_strengths import read_strengths
from lessgad.restoration.conformal_intervals import read_intervals
from lessgad.stages import calibrate_model, tune_baselines
from lessgad.training.validation_scans import find_tuning_scans

NUMBERS = (3, 5)


@pytest.fixture
def one_is_enough(monkeypatch):
    """The tiny cohort has one validation patient, sub-04."""
    for stage in (calibrate_model, tune_baselines):
        monkeypatch.setattr(stage, "MIN_SCANNED", 1)


def scans_of(experiment, subsets, extent=0.0):
    """What studies of some subsets are tuned on, where one patient is enough."""
    standing = standing_of(experiment)
    usable = [unit.key for unit in standing.plan if standing.usable(unit.key)]
    files = usable_of(experiment, experiment.studies(subsets), usable)
    sources = [scanned_low_doses(experiment, one.study, usable) for one in files]
    settings = experiment.settings
    read = [one.read() for one in files]
    return find_tuning_scans(read, sources, settings.simulation, settings.cohort.regions, least=1, extent=extent)


def fingerprint_of(root, key):
    return standing_of(open_experiment(root)).fingerprint(key)


def test_they_are_the_prepared_scans_and_simulated_at_other_doses(scanned):
    edit(scanned, low_dose="measured")
    run_experiment(scanned, ["prepare"], NullProgress())
    experiment = open_experiment(scanned)
    (found,) = scans_of(experiment, ["validation"])
    assert found.scanned == {0.1, 0.5}
    files = files_of(scanned, "04")
    image, description = read_auxiliary_image(files.low_dose(0.5))
    scan = found.at(0.5, NUMBERS)
    np.testing.assert_array_equal(scan.image, np.asarray(image)[..., list(NUMBERS)])
    assert scan.simulator.sigma == pytest.approx(description["noise"]["sigma"])
    simulation, prepared = experiment.settings.simulation, read_prepared(files)
    np.testing.assert_array_equal(found.at(0.3, NUMBERS).image, simulated_low_dose(prepared, 0.3, simulation, NUMBERS))
    assert found.at(0.3, NUMBERS).simulator == study_simulator(prepared, simulation)
    assert found.has(0.1)
    assert found.has(0.3)
    assert found.simulated.deviate == 0  # alone


def test_a_study_that_was_not_scanned_does_not_count_where_others_were(scanned):
    edit(scanned, low_dose="measured")
    run_experiment(scanned, ["prepare"], NullProgress())
    experiment = open_experiment(scanned)
    found = scans_of(experiment, ["validation", "test"], extent=1.0)
    counts = {(one.study.patient, one.study.session): [one.has(dose) for dose in (0.0, 0.1, 0.3, 0.5)] for one in found}
    assert counts == {
        ("04", ""): [True, True, True, True],
        ("05", ""): [True, True, True, True],
        ("06", "a"): [True, True, True, False],
        ("06", "b"): [True, False, True, False],
    }
    assert [one.simulated.deviate for one in found] == [1, -1, 1, -1]
    assert {one.simulated.extent for one in found} == {1.0}


@pytest.mark.usefixtures("one_is_enough")
def test_limits_are_found_anew_and_nothing_is_trained(scanned):
    edit(scanned, low_dose="measured")
    assert states(scanned)["train"] == {"all-doses": "done", "all-doses_limits": "stale"}
    folder = scanned / "models" / "all-doses"
    weights = (folder / "best.safetensors").read_bytes()
    assert run_experiment(scanned, ["prepare", "train", "restore"], NullProgress()) == []
    assert (folder / "best.safetensors").read_bytes() == weights
    calibration = read_intervals(folder)
    assert calibration.scanned == (0.1, 0.5)
    assert set(calibration.doses) > {0.1, 0.5}
    card = (folder / "card.md").read_text()
    assert card.count("## Found on validation patients") == 1
    assert "on measured low doses at 10 %, 50 % and simulated ones at other doses" in card
    on_scans = read_strengths(open_experiment(scanned).folder.baselines)
    edit(scanned, low_dose="simulated")
    assert states(scanned)["train"] == {"all-doses": "done", "all-doses_limits": "stale"}
    run_experiment(scanned, ["train", "restore"], NullProgress())
    assert read_intervals(folder).scanned == ()
    assert (folder / "card.md").read_text().count("## Found on validation patients") == 1
    assert read_strengths(open_experiment(scanned).folder.baselines) != on_scans


def test_one_patient_is_too_few(scanned):
    edit(scanned, low_dose="measured")
    assert set(states(scanned)["train"].values()) == {"done"}
    run_experiment(scanned, ["prepare", "restore", "evaluate", "report"], NullProgress())
    page = (scanned / "report" / "index.html").read_text()
    assert "fewer than 3 validation patients were scanned at any of the doses" in page


@pytest.mark.usefixtures("one_is_enough")
def test_without_validation_patients_baselines_are_tuned_on_simulated_low_doses(scanned, tiny):
    """Those of training patients, whose scans are not even prepared."""
    tiny.write_low_dose(scanned.parent / "cohort", "01", "", 0.5, "dose50")
    split = scanned / "split.tsv"
    split.write_text(split.read_text().replace("sub-04\tvalidation", "sub-04\ttest"))
    on_simulated = fingerprint_of(scanned, "restore/baselines")
    edit(scanned, low_dose="measured")
    assert run_experiment(scanned, ["prepare", "train", "restore"], NullProgress()) == []
    assert fingerprint_of(scanned, "restore/baselines") == on_simulated
    assert not (scanned / "models" / "all-doses" / "intervals.yaml").exists()


@pytest.mark.usefixtures("one_is_enough")
def test_a_card_that_somebody_deleted_stops_nothing(scanned):
    edit(scanned, low_dose="measured")
    card = scanned / "models" / "all-doses" / "card.md"
    card.unlink()
    assert run_experiment(scanned, ["prepare", "train"], NullProgress()) == []
    assert "## Found on validation patients" in card.read_text()


def test_there_are_no_limits_of_a_training_that_failed(scanned, monkeypatch):
    from lessgad.errors import StudyError
    from lessgad.training import trainer

    (scanned / "models" / "all-doses" / "best.safetensors").unlink()

    def fails(*_):
        raise StudyError("There is no study")

    monkeypatch.setattr(trainer, "train", fails)
    (failure,) = run_experiment(scanned, ["train"], NullProgress())
    assert (failure.stage, failure.study) == ("train", "all-doses")
    assert states(scanned)["train"] == {"all-doses": "failed", "all-doses_limits": "waiting"}


def test_limits_follow_the_training_that_they_are_of(scanned):
    edit(
        scanned,
        training={**yaml.safe_load((scanned / "experiment.yaml").read_text())["training"], "models": "per_dose"},
    )
    units = plan_experiment(open_experiment(scanned)).of_stage("train")
    names = [unit.name for unit in units]
    assert names[:4] == ["dose0", "dose0_limits", names[2], f"{names[2]}_limits"]
    assert [one.unit for one in units[1].inputs if one.need == "must"] == [units[0].key]
    assert units[0].spoils == (units[1].key,)


def test_new_weights_have_no_old_limits(scanned, monkeypatch):
    """A training that begins leaves none of what was found of other weights, however it ends."""
    from lessgad.experiment.models import LIMITS
    from lessgad.training import trainer

    folder = scanned / "models" / "all-doses"
    assert (folder / "intervals.yaml").exists()
    (folder / "best.safetensors").unlink()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(scanned, ["train"], NullProgress())
    assert not [name for name in LIMITS if (folder / name).exists()]
    assert states(scanned)["train"]["all-doses_limits"] == "waiting"
