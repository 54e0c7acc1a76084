# SPDX-License-Identifier: Apache-2.0
"""Low doses that were really scanned: prepared like a new scan, restored and judged; training knows nothing of them."""

import json
import math

import numpy as np
import pytest
from scanned_doses import SCANNED, SPIN_ECHO, Listener, edit, files_of, label, noise_of_mix, states, without_weights

from lessgad.engine.progress import NullProgress
from lessgad.evaluation.results.discrepancy import read_discrepancy
from lessgad.evaluation.results.enhancement import read_enhancement
from lessgad.evaluation.results.similarity import read_similarity
from lessgad.evaluation.similarity import psnr_db
from lessgad.experiment.settings import load_settings
from lessgad.pipeline.run import run_experiment
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import read_prepared
from lessgad.volume import read_volume


def test_scans_at_a_lower_dose_change_nothing_until_they_are_asked_for(scanned):
    assert set(states(scanned)["prepare"].values()) == set(states(scanned)["train"].values()) == {"done"}
    run_experiment(scanned, ["restore"], NullProgress())
    edit(scanned, low_dose="measured")
    now = states(scanned)
    assert now["train"] == dict.fromkeys(("all-doses", "all-doses_limits"), "done")
    companions = {name: state for name, state in now["prepare"].items() if "acq-" in name}
    assert set(companions.values()) == {"to do"}
    assert len(companions) == len(SCANNED)
    assert {state for name, state in now["prepare"].items() if name not in companions} == {"done"}
    stale = {f"sub-{patient}_{f'ses-{session}_' * bool(session)}{label(dose)}" for patient, session, dose in SCANNED}
    assert {name for name, state in now["restore"].items() if state != "done"} == stale
    assert {now["restore"][name] for name in stale} == {"stale"}
    edit(scanned, low_dose="simulated")
    assert set(states(scanned)["restore"].values()) == {"done"}


def test_what_was_simulated_does_not_lie_among_what_was_measured(scanned):
    run_experiment(scanned, ["restore"], NullProgress())
    simulated = scanned / "restored" / "sub-06" / "ses-b" / "sub-06_ses-b_ce-gadolinium_desc-dose50_T1w.nii.gz"
    assert simulated.is_file()
    edit(scanned, low_dose="measured")
    run_experiment(scanned, ["prepare", "restore"], NullProgress())
    assert not simulated.exists()
    labels = {"desc-dose0_", "desc-dose0halfwidth_"}
    assert all(any(label in path.name for label in labels) for path in simulated.parent.iterdir())


def test_a_scan_is_calibrated_to_the_t1_and_its_noise_measured(tiny, scanned):
    edit(scanned, low_dose="measured")
    low = tiny.write_low_dose(scanned.parent / "cohort", "05", "", 0.5, "dose50", gain=0.4, noise=9.0)
    assert run_experiment(scanned, ["prepare"], NullProgress()) == []
    files = files_of(scanned)
    prepared = read_prepared(files)
    image, description = read_auxiliary_image(files.low_dose(0.5))
    tissue = prepared.head & (low > 60)
    unit = prepared.normalization.length_of(1.0)
    off = image - prepared.normalization.apply(low.astype(np.float32))
    assert np.median(off[tissue]) == pytest.approx(0, abs=0.01 * 300 * unit)  # 1 % of the brain's signal
    assert off[tissue].std() == pytest.approx(9.0 * unit, rel=0.1)
    assert description["noise"]["sigma"] == pytest.approx(noise_of_mix(9.0, 0.5) * unit, rel=0.1)
    assert description["to_t1_intensity"]["scale"] == pytest.approx(1 / 0.4, rel=0.02)


def test_restored_and_judged_is_what_was_scanned_and_nothing_is_simulated(scanned):
    edit(scanned, low_dose="measured")
    without_weights(scanned)
    listener = Listener()
    assert run_experiment(scanned, ["prepare", "restore", "evaluate", "report"], listener) == []
    assert [line for line in listener.lines if "no measured scan" in line] == [
        "no measured scan at 10 % of the dose in 1 of 4 studies, which are not evaluated there: sub-06_ses-b",
        "no measured scan at 50 % of the dose in 2 of 4 studies, which are not evaluated there: "
        "sub-06_ses-a, sub-06_ses-b",
    ]
    similarity = read_similarity(scanned / "results" / "similarity.csv")
    assert {row.method for row in similarity if row.dose == 1} == {"repeat", "repeat_exchanged"}
    judged = {(row.patient, row.session, row.dose) for row in similarity if row.dose < 1}
    studies = (("04", ""), ("05", ""), ("06", "a"), ("06", "b"))
    assert judged == set(SCANNED) | {(*study, 0.0) for study in studies}
    prepared = read_prepared(files_of(scanned))
    image, description = read_auxiliary_image(files_of(scanned).low_dose(0.5))
    (row,) = (
        row for row in similarity if (row.patient, row.dose, row.method, row.area) == ("05", 0.5, "unrestored", "head")
    )
    assert row.psnr_db == pytest.approx(psnr_db(image, prepared.standard_dose, prepared.head), abs=1e-9)
    restored = read_volume(scanned / "restored" / "sub-05" / "sub-05_ce-gadolinium_desc-dose50_T1w.nii.gz").array
    np.testing.assert_allclose(restored, image, atol=1e-5)
    enhancement = {
        (row.patient, row.dose, row.method): row
        for row in read_enhancement(scanned / "results" / "enhancement.csv")
        if row.session == ""
    }
    contrast = enhancement["05", 0.5, "unrestored"].cnr * description["noise"]["sigma"]
    others = [enhancement["05", 0.5, method].cnr for method in ("restored", "denoise")]
    assert all(0.5 * contrast < cnr * description["noise"]["sigma"] < 2 * contrast for cnr in others)
    page = (scanned / "report" / "index.html").read_text().replace("\u00a0", " ")
    assert "studies with such a scan: 10 % in 3 of 4, 50 % in 2 of 4" in page
    assert "simulated <b>without noise</b>" not in page


def test_the_linear_mix_is_no_measure_of_a_real_scan(scanned):
    edit(scanned, low_dose="measured")
    run_experiment(scanned, ["prepare", "restore", "evaluate", "report"], NullProgress())
    rows = read_discrepancy(scanned / "results" / "consistency.csv")
    assert {(row.patient, row.session, row.dose) for row in rows} == set(SCANNED)
    assert all(math.isnan(row.unsupported_ml) and math.isnan(row.detectable_10mm) for row in rows)
    assert not list((scanned / "restored").rglob("*contradicted*"))
    enhancement = read_enhancement(scanned / "results" / "enhancement.csv")
    assert all(math.isnan(row.unsupported_ml) for row in enhancement)
    page = (scanned / "report" / "index.html").read_text()
    assert "Not checked against the measurement" in page
    assert "4 of 4 studies: real enhancement does not follow the linear mix" in page
    assert "forward model (as set)" in page
    assert "Discrepancy between restored images and the measurement" not in page  # a table of nothing
    assert set(states(scanned)["evaluate"].values()) == {"done"}


@pytest.mark.slow
def test_with_an_equation_the_restored_image_is_held_against_the_scan(scanned):
    (scanned.parent / "cohort" / "T1w.json").write_text(json.dumps(SPIN_ECHO))
    edit(scanned, low_dose="measured", simulation={"model": "signal_equation", "noise": "matched"})
    assert run_experiment(scanned, ["prepare", "train", "restore", "evaluate", "report"], NullProgress()) == []
    rows = read_discrepancy(scanned / "results" / "consistency.csv")
    assert {(row.patient, row.session, row.dose) for row in rows} == set(SCANNED)
    assert all(0 < row.detectable_10mm < row.detectable_5mm < math.inf for row in rows)
    maps = {path.name for path in (scanned / "restored").rglob("*contradicted*")}
    assert len(maps) == len(SCANNED)
    page = (scanned / "report" / "index.html").read_text()
    assert "Not checked against the measurement" not in page
    assert "Discrepancy between restored images and the measurement" in page


def test_the_noise_of_the_scan_rules_what_can_be_detected(tiny, scanned):
    """The denoised baselines and the check see the noise of the scan, not that of the simulation (none here)."""
    from lessgad.dose.low_doses import LowDoses

    edit(scanned, low_dose="measured")
    cohort = scanned.parent / "cohort"
    tiny.write_low_dose(cohort, "05", "", 0.1, "dose10", noise=3.0)
    tiny.write_low_dose(cohort, "05", "", 0.5, "dose50", noise=12.0)
    run_experiment(scanned, ["prepare"], NullProgress())
    files = files_of(scanned)
    prepared, simulation = read_prepared(files), load_settings(scanned / "experiment.yaml").simulation
    source = LowDoses(simulation, {dose: files.low_dose(dose) for dose in (0.1, 0.5)})
    unit = prepared.normalization.length_of(1.0)
    for noise, dose in ((3.0, 0.1), (12.0, 0.5)):
        low_dose = source.at(prepared, dose)
        assert low_dose.simulator.sigma == low_dose.sigma == pytest.approx(noise_of_mix(noise, dose) * unit, rel=0.12)
    np.testing.assert_array_equal(source.at(prepared, 0.5, [3]).image[..., 0], source.at(prepared, 0.5).image[..., 3])
