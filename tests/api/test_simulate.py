# SPDX-License-Identifier: Apache-2.0
"""A simulated low dose is the linear mix, or what the signal equation says, and its noise is the noise asked for."""

import math

import numpy as np
import pytest

import lessgad
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.errors import DoseError, SettingsError, VolumeError

GRADIENT_ECHO = lessgad.Acquisition(
    field_strength_t=1.5,
    echo_time_ms=4.0,
    repetition_time_ms=25.0,
    flip_angle_rad=math.radians(30),
    scanning_sequence=("GR",),
    sequence_variant=("SP",),
    is_3d=True,
)


@pytest.fixture(scope="module")
def pair(lopsided):
    t1, t1ce = lopsided.pair()
    return t1, lessgad.calibrate(t1, t1ce)


@pytest.mark.parametrize("dose", [0.0, 0.1, 0.35, 1.0])
def test_without_noise_and_sequence_it_is_the_linear_mix(pair, dose):
    t1, t1ce = pair
    low = lessgad.simulate_low_dose(t1, t1ce, dose)
    assert np.allclose(low.array, (1 - dose) * t1.array + dose * t1ce.array, rtol=1e-5, atol=1e-3)
    assert np.array_equal(low.affine, t1.affine)


@pytest.mark.parametrize("dose", [0.1, 0.5, 0.9])
def test_psnr_of_the_mix_is_its_closed_form(pair, dose):
    """PSNR(β) = PSNR(0) − 20 · log10(1 − β), as the paper's Table 4 shows."""
    t1, t1ce = pair
    reference = lessgad.normalize(t1ce, t1)
    low = lessgad.simulate_low_dose(lessgad.normalize(t1, t1), reference, dose)
    (of_t1,), (of_low,) = (lessgad.similarity(image, reference) for image in (lessgad.normalize(t1, t1), low))
    assert of_low.psnr_db == pytest.approx(of_t1.psnr_db - 20 * math.log10(1 - dose), abs=1e-3)


def test_with_a_sequence_it_is_the_signal_equation(pair):
    t1, t1ce = pair
    low = lessgad.simulate_low_dose(t1, t1ce, 0.1, sequence=GRADIENT_ECHO)
    curve = dose_curve(GRADIENT_ECHO, SimulationSettings())
    assert isinstance(curve, DoseCurve)
    assert np.allclose(low.array, curve.mix(t1.array, t1ce.array, 0.1), rtol=1e-5)
    linear = lessgad.simulate_low_dose(t1, t1ce, 0.1)
    enhancing = t1ce.array - t1.array > 100
    assert (low.array - linear.array)[enhancing].mean() > 0  # a tenth of the dose gives more than a tenth


def test_noise_is_as_strong_as_asked_for_and_the_seed_repeats_it(pair):
    t1, t1ce = pair
    low, again, other = (lessgad.simulate_low_dose(t1, t1ce, 0.5, noise=12.0, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(low.array, again.array)
    assert not np.array_equal(low.array, other.array)
    tissue = (lessgad.normalize(t1, t1).array + 1) * 3.5 / 2  # in multiples of the second peak
    peak = float(np.median(t1.array[tissue > 0.2] / tissue[tissue > 0.2]))
    assert lessgad.estimate_noise(low).sigma == pytest.approx(peak / 12, rel=0.1)


def test_what_cannot_be_is_refused(pair):
    t1, t1ce = pair
    with pytest.raises(DoseError):
        lessgad.simulate_low_dose(t1, t1ce, 10.0)
    with pytest.raises(SettingsError, match="no ScanningSequence in the sidecar"):
        lessgad.simulate_low_dose(t1, t1ce, 0.1, sequence=lessgad.Acquisition())
    with pytest.raises(SettingsError, match="SNR"):
        lessgad.simulate_low_dose(t1, t1ce, 0.1, noise=-1.0)
    with pytest.raises(VolumeError, match="one grid"):
        lessgad.simulate_low_dose(t1, lessgad.Volume(t1ce.array[:-1], t1ce.affine), 0.1)
