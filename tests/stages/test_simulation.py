# SPDX-License-Identifier: Apache-2.0
"""Simulation as a setting of an experiment: which pairs are used, what is denoised, what the results record."""

import csv
import json
import shutil

import nibabel
import pytest
import yaml

from lessgad.dose.simulation import simulated_low_dose
from lessgad.engine.progress import NullProgress
from lessgad.errors import SettingsError
from lessgad.evaluation.similarity import psnr_db
from lessgad.experiment.settings import load_settings
from lessgad.experiment.stage_names import STAGES
from lessgad.pipeline.run import run_experiment
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared

SPIN_ECHO = {
    "MagneticFieldStrength": 1.5,
    "ScanningSequence": "SE",
    "RepetitionTime": 0.55,
    "EchoTime": 0.01,
    "FlipAngle": 90,
    "ContrastBolusAgent": "gadobutrol",
}
REAL = {"model": "signal_equation", "noise": "matched"}


@pytest.fixture
def cohort(tiny, tmp_path):
    root = tiny.write_cohort(tmp_path / "cohort")
    (root / "T1w.json").write_text(json.dumps(SPIN_ECHO))
    return root


def experiment(tiny, cohort, name="experiment", **changes):
    return tiny.write_experiment(cohort.with_name(name), cohort, **changes)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def say(tiny, cohort, patient, **fields):
    """Give the T1ce of a patient a sidecar of its own."""
    image = tiny.study_files(cohort, patient)["t1ce"]
    image.with_name(image.name.replace(".nii.gz", ".json")).write_text(json.dumps(fields))


def test_a_pair_of_two_sequences_is_left_out_with_the_reason(tiny, cohort):
    say(tiny, cohort, "02", ScanningSequence="GR", RepetitionTime=0.025)
    root = experiment(tiny, cohort)
    (failure,) = run_experiment(root, ["prepare"], NullProgress())
    assert (failure.stage, failure.study) == ("prepare", "sub-02")
    assert "a T1 that is a spin echo and a T1ce that is a gradient echo" in failure.reason
    assert "preparation.unlike_pairs: keep" in failure.reason
    assert (root / "prepared" / "sub-03").is_dir()


def test_it_is_used_if_the_user_says_so(tiny, cohort):
    say(tiny, cohort, "02", ScanningSequence="GR", RepetitionTime=0.025)
    root = experiment(tiny, cohort, preparation={"unlike_pairs": "keep"})
    assert run_experiment(root, ["prepare"], NullProgress()) == []


def test_fat_saturation_of_one_scan_is_a_reason_too(tiny, cohort):
    (cohort / "T1w.json").write_text(json.dumps({**SPIN_ECHO, "ScanOptions": "PFP"}))
    say(tiny, cohort, "02", ScanOptions="PFP_FS")
    (failure,) = run_experiment(experiment(tiny, cohort), ["prepare"], NullProgress())
    assert "fat saturation in the T1ce alone" in failure.reason


def test_a_damaged_sidecar_is_one_studys_failure(tiny, cohort):
    image = tiny.study_files(cohort, "02")["t1ce"]
    image.with_name(image.name.replace(".nii.gz", ".json")).write_text("{")
    (failure,) = run_experiment(experiment(tiny, cohort), ["prepare"], NullProgress())
    assert failure.study == "sub-02"
    assert "The sidecar is not valid JSON" in failure.reason


@pytest.mark.slow
def test_denoised_images_are_written_where_noise_is_simulated_and_only_there(tiny, cohort):
    root = experiment(tiny, cohort, simulation=REAL)
    run_experiment(root, ["prepare"], NullProgress())
    folder = root / "prepared" / "sub-01"
    clean = folder / "sub-01_ce-gadolinium_desc-denoised_T1w.nii"
    noisy = nibabel.load(folder / "sub-01_ce-gadolinium_desc-prepared_T1w.nii").get_fdata()
    difference = nibabel.load(clean).get_fdata() - noisy
    description = json.loads((folder / "sub-01_desc-preparation.json").read_text())
    head = nibabel.load(folder / "sub-01_desc-head_mask.nii.gz").get_fdata() > 0
    assert 0 < difference[head].std() < 1.5 * description["sigma"]
    settings = yaml.safe_load((root / "experiment.yaml").read_text())
    settings["simulation"]["noise"] = "none"
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings))
    run_experiment(root, ["prepare"], NullProgress())
    assert not clean.exists()


def test_a_changed_sidecar_makes_a_study_stale(tiny, cohort):
    root = experiment(tiny, cohort)
    run_experiment(root, ["prepare"], NullProgress())
    record = root / "prepared" / "sub-01" / "sub-01_desc-preparation.json"
    before = json.loads(record.read_text())
    say(tiny, cohort, "01", EchoTime=0.012)
    run_experiment(root, ["prepare"], NullProgress())
    after = json.loads(record.read_text())
    assert (before["acquisition"]["echo_time_ms"], after["acquisition"]["echo_time_ms"]) == (10.0, 12.0)


@pytest.mark.parametrize("simulation", [REAL, {**REAL, "model": "linear"}, {**REAL, "noise": "none"}])
def test_equation_and_noise_need_true_zero(tiny, cohort, simulation):
    root = experiment(tiny, cohort, simulation=simulation, preparation={"calibration": "peaks"})
    with pytest.raises(SettingsError, match="needs a true zero"):
        load_settings(root / "experiment.yaml")


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (
            "rician",
            "simulation.noise cannot be 'rician': noise must be matched, none, or a set strength such as {snr: 20}",
        ),
        ({"snr": 0}, "simulation.noise.snr cannot be 0: Input should be greater than 0"),
        ({"snt": 3}, "the key simulation.noise.snt. Did you mean snr?"),
        (20, "noise must be matched, none, or a set strength"),
    ],
)
def test_noise_that_cannot_be_is_one_clear_line(tiny, cohort, noise, words):
    root = experiment(tiny, cohort, simulation={"noise": noise})
    with pytest.raises(SettingsError) as caught:
        load_settings(root / "experiment.yaml")
    assert words in str(caught.value)


def test_without_simulation_in_the_file_it_is_the_real_thing(tiny, cohort):
    settings = tiny.settings(cohort)
    del settings["simulation"]
    root = experiment(tiny, cohort)
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings))
    simulation = load_settings(root / "experiment.yaml").simulation
    assert (simulation.model, simulation.noise) == ("signal_equation", "matched")


@pytest.mark.slow
def test_a_whole_run_with_noise_is_recorded_and_the_same_twice(tiny, cohort):
    say(tiny, cohort, "05", EchoTime=None)
    changes = {"simulation": REAL, "doses": [0.0, 0.3]}
    root = experiment(tiny, cohort, **changes)
    assert run_experiment(root, STAGES, NullProgress()) == []
    records = {row["patient"]: row for row in rows(root / "results" / "simulation.csv")}
    assert records["05"]["model"] == "linear"
    assert records["05"]["reason"] == "spin echo without EchoTime in the sidecar"
    assert records["01"]["model"] == "signal_equation"
    assert 0 < float(records["01"]["sigma"]) < 0.1
    page = (root / "report" / "index.html").read_text()
    assert "as a linear mix in 1 (spin echo without EchoTime in the sidecar)" in page
    assert "SNR of tissue" in page
    (description,) = (root / "prepared" / "sub-01").glob("*_desc-preparation.json")
    recorded = json.loads(description.read_text())["enhancement_lost_to_calibration"]
    assert float(records["01"]["lost_to_calibration"]) == pytest.approx(recorded)
    assert "Each study is in results/simulation.csv" in page
    assert "so the formula makes it too bright" in page
    again = experiment(tiny, cohort, "again", **changes)
    shutil.copytree(root / "models", again / "models")
    assert run_experiment(again, STAGES, NullProgress()) == []
    for name in ("similarity.csv", "simulation.csv"):
        assert (again / "results" / name).read_bytes() == (root / "results" / name).read_bytes()


@pytest.mark.slow
def test_what_is_judged_is_what_anybody_else_would_simulate(tiny, cohort):
    root = experiment(tiny, cohort, simulation=REAL, doses=[0.3])
    run_experiment(root, STAGES, NullProgress())
    simulation = load_settings(root / "experiment.yaml").simulation
    prepared = read_prepared(PreparedFiles(root / "prepared" / "sub-05", "sub-05"))
    low = simulated_low_dose(prepared, 0.3, simulation)
    expected = psnr_db(low, prepared.standard_dose, prepared.head)
    (judged,) = (
        float(row["psnr_db"])
        for row in rows(root / "results" / "similarity.csv")
        if (row["patient"], row["method"], row["area"]) == ("05", "unrestored", "head")
    )
    assert judged == pytest.approx(expected, abs=1e-9)
