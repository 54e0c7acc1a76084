# SPDX-License-Identifier: Apache-2.0
"""What the settings of the simulation mean for a study."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.linear import mix
from lessgad.dose.simulation import SetNoise, SimulationSettings, dose_curve, simulated_low_dose, study_simulator
from lessgad.errors import DoseError, StudyError
from lessgad.preparation.head import HeadBox
from lessgad.preparation.noise_correlation import NoiseCorrelation
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.prepared_study import PreparedStudy

SHAPE = (24, 20, 3)
PAPER = SimulationSettings(model="linear", noise="none")
EQUATION = SimulationSettings(model="signal_equation", noise="none")
MATCHED = SimulationSettings(model="linear", noise="matched")
SPIN_ECHO = Acquisition(
    field_strength_t=1.5,
    repetition_time_ms=550.0,
    echo_time_ms=10.0,
    scanning_sequence=("SE",),
    contrast_agent="Dotarem",
)


def study(**changes) -> PreparedStudy:
    rng = np.random.default_rng(0)
    t1 = rng.uniform(-0.9, -0.2, SHAPE).astype(np.float32)
    t1ce = np.minimum(t1 + rng.uniform(0, 0.7, SHAPE), 1).astype(np.float32)
    plain = PreparedStudy(
        patient="01",
        session="",
        pre_contrast=t1,
        standard_dose=t1ce,
        labels=None,
        head=np.ones(SHAPE, dtype=bool),
        head_box=HeadBox(0, SHAPE[0], 0, SHAPE[1]),
        spacing_mm=(1.0, 1.0, 3.0),
        normalization=Normalization(0.0, 100.0),
        acquisition=SPIN_ECHO,
        sigma=0.05,
        clean_pre_contrast=t1 + np.float32(0.01),
        clean_standard_dose=t1ce - np.float32(0.01),
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("dose", [0.0, 0.1, 0.3, 1.0])
def test_the_papers_simulation_is_its_mix(dose: float):
    whole = study(clean_pre_contrast=None, clean_standard_dose=None)
    low = simulated_low_dose(whole, dose, PAPER)
    np.testing.assert_array_equal(low, mix(whole.pre_contrast, whole.standard_dose, dose))


@pytest.mark.parametrize("dose", [0.0, 1.0])
def test_ends_are_the_images_bit_for_bit(dose: float):
    whole = study(clean_pre_contrast=None, clean_standard_dose=None)
    low = simulated_low_dose(whole, dose, EQUATION)
    assert (
        np.asfortranarray(low).tobytes()
        == np.asfortranarray(whole.standard_dose if dose else whole.pre_contrast).tobytes()
    )


def test_the_signal_equation_acts_on_magnitudes_with_true_zero():
    whole = study(clean_pre_contrast=None, clean_standard_dose=None)
    curve = dose_curve(SPIN_ECHO, EQUATION)
    expected = curve.mix(whole.pre_contrast + 1, whole.standard_dose + 1, 0.3) - 1
    np.testing.assert_allclose(simulated_low_dose(whole, 0.3, EQUATION), expected, atol=1e-6)
    linear = simulated_low_dose(whole, 0.3, PAPER)
    assert (expected - linear).max() > 0.02


def test_the_agent_and_the_field_decide_the_curve():
    at_low_field = dose_curve(SPIN_ECHO, EQUATION)
    at_high_field = dose_curve(replace(SPIN_ECHO, field_strength_t=3.0, contrast_agent=None), EQUATION)
    assert dose_curve(replace(SPIN_ECHO, field_strength_t=None), EQUATION).t1_ms == 1600.0
    assert (at_low_field.relaxivity.r1_per_s_mm, at_low_field.t1_ms) == (3.9, 1300.0)
    assert (at_high_field.relaxivity.r1_per_s_mm, at_high_field.t1_ms) == (4.5, 1600.0)
    assert dose_curve(SPIN_ECHO, SimulationSettings(model="signal_equation", t1_ms=900.0)).t1_ms == 900.0


@pytest.mark.parametrize(
    ("acquisition", "reason"),
    [
        (Acquisition(), "no ScanningSequence"),
        (replace(SPIN_ECHO, scanning_sequence=("EP",)), "no signal equation for ScanningSequence EP"),
        (replace(SPIN_ECHO, echo_time_ms=None), "spin echo without EchoTime"),
        (replace(SPIN_ECHO, scanning_sequence=("GR",), repetition_time_ms=20.0), "gradient echo without FlipAngle"),
        (replace(SPIN_ECHO, repetition_time_ms=2e4, echo_time_ms=100.0), "hardly any enhancement"),
    ],
)
def test_without_an_equation_it_is_the_linear_mix_and_the_reason_is_known(acquisition: Acquisition, reason: str):
    assert reason in dose_curve(acquisition, EQUATION)
    whole = study(acquisition=acquisition, clean_pre_contrast=None, clean_standard_dose=None)
    low = simulated_low_dose(whole, 0.3, EQUATION)
    np.testing.assert_array_equal(low, mix(whole.pre_contrast, whole.standard_dose, 0.3))


def test_noise_is_matched_or_of_a_set_strength_or_none():
    whole = study()
    assert study_simulator(whole, PAPER).sigma == 0
    assert study_simulator(whole, MATCHED).sigma == 0.05
    at_snr = SimulationSettings(noise=SetNoise(snr=20.0))
    assert study_simulator(whole, at_snr).sigma == pytest.approx(whole.tissue_level / 20)
    with pytest.raises(StudyError, match="noise of the T1ce could not be measured"):
        study_simulator(replace(whole, sigma=None), MATCHED)


def test_noise_comes_on_top_of_the_clean_mix_and_is_the_same_for_everybody():
    whole = study()
    low = simulated_low_dose(whole, 0.3, MATCHED)
    clean = mix(whole.clean_pre_contrast, whole.clean_standard_dose, 0.3)
    assert (low - clean).std() == pytest.approx(0.05, rel=0.1)
    np.testing.assert_array_equal(low[:, :, [2]], simulated_low_dose(whole, 0.3, MATCHED, [2]))
    others = [
        simulated_low_dose(whole, 0.31, MATCHED),
        simulated_low_dose(replace(whole, patient="02"), 0.3, MATCHED),
        simulated_low_dose(whole, 0.3, MATCHED.model_copy(update={"seed": 2})),
    ]
    for other in others:
        assert abs(np.corrcoef((low - clean).ravel(), (other - clean).ravel())[0, 1]) < 0.2
    assert not np.array_equal(low[:, :, 0] - clean[:, :, 0], low[:, :, 1] - clean[:, :, 1])


def test_air_stays_on_the_scale():
    empty = np.full(SHAPE, -1.0, dtype=np.float32)
    low = simulated_low_dose(study(clean_pre_contrast=empty, clean_standard_dose=empty), 0.3, MATCHED)
    assert low.min() >= -1
    assert low.mean() + 1 == pytest.approx(0.05 * math.sqrt(math.pi / 2), rel=0.05)


@pytest.mark.parametrize("dose", [0.1, 0.3])
def test_subtract_and_scale_shows_noise_that_is_independent_in_both_images(dose: float):
    rng = np.random.default_rng(3)
    sigma = 0.01
    flat = np.full((200, 200, 2), 0.2, dtype=np.float32)
    noisy = flat + sigma * rng.standard_normal(flat.shape).astype(np.float32)
    whole = study(
        pre_contrast=noisy,
        standard_dose=noisy,
        clean_pre_contrast=flat,
        clean_standard_dose=flat,
        sigma=sigma,
        head=np.ones(flat.shape, dtype=bool),
    )
    low = simulated_low_dose(whole, dose, MATCHED)
    subtracted = noisy + (low - noisy) / dose
    assert subtracted.std() == pytest.approx(sigma * math.hypot(1 / dose, 1 - 1 / dose), rel=0.05)


def test_what_was_cut_away_stays_away():
    """A skull-stripped scan at a lower dose would have been stripped, too."""
    whole = study()
    for image in (whole.pre_contrast, whole.standard_dose, whole.clean_pre_contrast, whole.clean_standard_dose):
        image[:5] = -1
    low = simulated_low_dose(whole, 0.3, MATCHED)
    assert (low[:5] == -1).all()
    assert (low[5:] > -1).all()


def test_dose_is_checked():
    with pytest.raises(DoseError, match=r"Did you mean 0\.3\?"):
        simulated_low_dose(study(), 30.0, PAPER)


@pytest.mark.parametrize(
    "choice",
    [
        {"model": "exponential"},
        {"noise": "rician"},
        {"nois": "none"},
        {"noise": {"snr": 0}},
        {"noise": {"sn": 3}},
        {"t1_ms": 0},
    ],
)
def test_what_is_not_there_is_refused(choice: dict[str, object]):
    with pytest.raises(ValidationError):
        SimulationSettings.model_validate(choice)


def test_noise_is_spelled_for_people():
    assert SimulationSettings(noise=SetNoise(snr=20.0)).noise_words == "SNR 20"
    assert MATCHED.noise_words == "matched"


def test_matched_noise_is_correlated_as_in_the_t1ce():
    """Along x of the volume and not along y, whole and slice by slice; a width that is set comes first."""
    flat = np.full((96, 80, 6), -0.4, np.float32)
    along_x = NoiseCorrelation((0.5, 1.0))
    known = study(
        pre_contrast=flat, standard_dose=flat, clean_pre_contrast=flat, clean_standard_dose=flat,
        noise_correlation=along_x, head=np.ones(flat.shape, bool),
    )  # fmt: skip
    noise = simulated_low_dose(known, 0.3, MATCHED) - flat
    assert neighbors(noise, 0) == pytest.approx(np.sinc(0.5), abs=0.04)
    assert neighbors(noise, 1) == pytest.approx(0, abs=0.04)
    np.testing.assert_array_equal(simulated_low_dose(known, 0.3, MATCHED, [2]), (noise + flat)[:, :, [2]])
    white = simulated_low_dose(known, 0.3, MATCHED.model_copy(update={"noise_fwhm_px": 0.0})) - flat
    assert neighbors(white, 0) == pytest.approx(0, abs=0.04)
    smooth = simulated_low_dose(known, 0.3, MATCHED.model_copy(update={"noise_fwhm_px": 2.0})) - flat
    assert neighbors(smooth, 1) == pytest.approx(0.707, abs=0.04)


def neighbors(noise: np.ndarray, axis: int) -> float:
    noise = noise - noise.mean()
    return float((noise * np.roll(noise, 1, axis)).mean() / noise.var())
