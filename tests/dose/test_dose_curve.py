# SPDX-License-Identifier: Apache-2.0
"""The curve from standard-dose to low-dose enhancement."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.linear import mix
from lessgad.dose.relaxivity import Relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.errors import DoseError

AGENT = Relaxivity(4.6, 5.3)
SPIN_ECHO = Sequence("spin_echo", 550.0, 10.0)
SLOW_GRE = Sequence("gradient_echo", 25.0, 4.6, np.deg2rad(30))
FAST_GRE = Sequence("gradient_echo", 8.0, 3.0, np.deg2rad(12))
PREPARED = Sequence("inversion_gradient_echo", 1900.0, 3.0, np.deg2rad(15), 1100.0, 144, 6.9)
CURVES = [DoseCurve(sequence, AGENT, 1200.0, 80.0) for sequence in (SPIN_ECHO, SLOW_GRE, FAST_GRE, PREPARED)]
curves = st.sampled_from(CURVES)
doses = st.floats(0.01, 0.99)
magnitudes = arrays(np.float32, (3, 4), elements=st.floats(0, 4, width=32))


@pytest.mark.parametrize(
    ("curve", "at_10", "at_30"), [(CURVES[0], 25.7, 60.5), (CURVES[1], 16.3, 43.0), (CURVES[2], 20.6, 50.1)]
)
def test_share_of_the_enhancement_at_one_millimolar(curve, at_10, at_30):
    none, tenth, third, all_of_it = curve.signal(np.array([0.0, 0.1, 0.3, 1.0]))
    assert none == 1
    shares = [100 * (ratio - 1) / (all_of_it - 1) for ratio in (tenth, third)]
    assert shares == pytest.approx([at_10, at_30], abs=0.05)


@settings(deadline=None)
@given(curves, st.floats(0.01, 0.79), doses)
def test_a_known_concentration_gives_the_signal_of_its_share(curve, concentration, dose):
    low, full = curve.signal(np.array([dose * concentration, concentration]))
    assert curve.low_dose_ratio(np.array([full]), dose)[0] == pytest.approx(low, rel=1e-5)


def test_spin_echo_peaks_where_it_should():
    concentration = np.linspace(0, 3, 3001)
    assert concentration[np.argmax(CURVES[0].signal(concentration))] == pytest.approx(1.35, abs=0.05)
    assert CURVES[0].largest_ratio == CURVES[0].signal(np.array([0.8]))[0]  # what tissue holds ends before


def test_a_branch_ends_at_its_peak():
    late_echo = DoseCurve(Sequence("spin_echo", 550.0, 120.0), AGENT, 1200.0, 80.0)
    assert late_echo.largest_ratio == pytest.approx(late_echo.signal(np.linspace(0, 0.8, 9001)).max(), rel=1e-6)
    assert late_echo.signal(np.array([0.8]))[0] < 0.99 * late_echo.largest_ratio


@settings(deadline=None)
@given(curves, magnitudes, magnitudes)
def test_ends_are_the_images_bit_for_bit(curve, t1, t1ce):
    assert curve.mix(t1, t1ce, 0.0).tobytes() == t1.tobytes()
    assert curve.mix(t1, t1ce, 1.0).tobytes() == t1ce.tobytes()


@settings(deadline=None)
@given(curves, magnitudes, magnitudes, doses)
def test_lies_between_its_ends_and_never_below_the_linear_mix(curve, t1, t1ce, dose):
    low = curve.mix(t1, t1ce, dose)
    assert low.dtype == np.float32
    assert np.isfinite(low).all()
    assert (low >= mix(t1, t1ce, dose) - 1e-5).all()  # saturation: less than the dose takes less than its share away
    assert (low <= np.maximum(t1, t1ce) + 1e-5).all()


@settings(deadline=None)
@given(curves, doses, doses, st.floats(1.0, 8.0))
def test_rises_with_dose_and_with_enhancement(curve, one, other, ratio):
    less, more = sorted((one, other))
    ratios = np.array([ratio, ratio + 0.1])
    at_less, at_more = curve.low_dose_ratio(ratios, less), curve.low_dose_ratio(ratios, more)
    assert (at_more >= at_less - 1e-9).all()
    assert at_less[1] > at_less[0]


@settings(deadline=None)
@given(curves, doses, st.floats(0.05, 0.79))
def test_doses_multiply(curve, first, concentration):
    """Half of a tenth is a twentieth: the curve only looks at concentrations."""
    ratio = curve.signal(np.array([concentration]))
    twice = curve.low_dose_ratio(curve.low_dose_ratio(ratio, first), 0.5)
    assert twice[0] == pytest.approx(curve.low_dose_ratio(ratio, 0.5 * first)[0], rel=1e-4)


@settings(deadline=None)
@given(curves, magnitudes, doses, st.floats(0.1, 100))
def test_scale_of_the_images_does_not_matter(curve, t1, dose, factor):
    t1 = t1.astype(np.float64) + 0.01
    t1ce = t1 * 1.8
    np.testing.assert_allclose(curve.mix(factor * t1, factor * t1ce, dose), factor * curve.mix(t1, t1ce, dose))


@settings(deadline=None)
@given(curves, doses)
def test_below_one_it_is_the_linear_mix_and_joins_without_a_kink(curve, dose):
    below = np.linspace(0, 1, 11)
    np.testing.assert_allclose(curve.low_dose_ratio(below, dose), 1 + dose * (below - 1), atol=1e-12)
    step = 1e-3
    above = curve.low_dose_ratio(np.array([1 + step]), dose)[0]
    assert (above - 1) / step == pytest.approx(dose, rel=0.01)


@settings(deadline=None)
@given(curves, doses)
def test_at_the_end_of_the_branch_nothing_jumps(curve, dose):
    around = curve.largest_ratio * np.array([1.0, 1 + 1e-9])
    low = curve.low_dose_ratio(around, dose)
    assert low[1] == pytest.approx(low[0], abs=1e-3)
    assert curve.beyond(np.ones(2), around).tolist() == [False, True]


@settings(deadline=None)
@given(st.floats(1.0, 2.4), doses)
def test_a_short_echo_and_short_repetition_at_low_concentration_are_linear(ratio, dose):
    """S ∝ 1/T1 is the paper's reason for the linear mix: a long T1 against TR, no T2 decay."""
    curve = DoseCurve(Sequence("spin_echo", 1.0, 0.0), Relaxivity(4.6, 0.0), 1200.0, 80.0)
    assert curve.low_dose_ratio(np.array([ratio]), dose)[0] == pytest.approx(1 + dose * (ratio - 1), rel=2e-3)


@pytest.mark.parametrize(
    ("sequence", "why"),
    [
        (Sequence("spin_echo", 1e5, 100.0), "hardly any enhancement"),
        (Sequence("inversion_spin_echo", 2000.0, 10.0, np.pi / 2, 300.0), "nulls tissue of the assumed T1 (1600 ms)"),
        (Sequence("inversion_spin_echo", 2000.0, 12.0, np.pi / 2, 860.0), "an error of 10 % in it would dominate"),
    ],
)
def test_curves_that_cannot_be_relied_on(sequence, why):
    assert why in DoseCurve(sequence, AGENT, 1600.0, 80.0).why_not


def test_the_usual_sequences_can():
    mprage_3t = Sequence("inversion_gradient_echo", 2300.0, 3.0, np.deg2rad(9), 900.0, 160, 7.0)
    assert [curve.why_not for curve in (*CURVES, DoseCurve(mprage_3t, AGENT, 1600.0, 80.0))] == [""] * 5


@pytest.mark.parametrize("dose", [-0.1, 1.1, np.nan])
def test_doses_outside_are_refused(dose):
    with pytest.raises(DoseError):
        CURVES[0].mix(np.ones((2, 2)), np.ones((2, 2)), dose)


@pytest.mark.parametrize("dose", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("curve", [*CURVES, DoseCurve(Sequence("spin_echo", 550.0, 120.0), AGENT, 1200.0, 80.0)])
def test_the_fast_interpolation_is_that_of_numpy(curve, dose):
    concentration, ratios = curve._branch
    low = curve.signal(dose * concentration)
    wanted = np.concatenate([np.linspace(1, ratios[-1], 9973), ratios])
    np.testing.assert_allclose(curve.low_dose_ratio(wanted, dose), np.interp(wanted, ratios, low), rtol=1e-6)
    gains = np.concatenate([[1 / dose], (ratios[1:] - 1) / (low[1:] - 1)])
    shown = np.concatenate([np.linspace(-1, 1.2 * low[-1], 9973), low - 1])
    np.testing.assert_allclose(curve.gain(shown, dose), np.interp(shown, low - 1, gains), rtol=1e-5)
