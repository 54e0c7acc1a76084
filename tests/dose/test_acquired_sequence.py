# SPDX-License-Identifier: Apache-2.0
"""From sidecars to sequences, as vendors write them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.acquired_sequence import acquired_sequence
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.relaxivity import Relaxivity
from lessgad.dose.signal_equation import Sequence

SPIN_ECHO = Acquisition(repetition_time_ms=550.0, echo_time_ms=10.0, scanning_sequence=("SE",))
SPOILED = Acquisition(
    repetition_time_ms=25.0, echo_time_ms=4.6, flip_angle_rad=0.5, scanning_sequence=("GR",), sequence_variant=("SP",)
)
MPRAGE = Acquisition(
    repetition_time_ms=1900.0,
    echo_time_ms=3.0,
    inversion_time_ms=1100.0,
    flip_angle_rad=math.radians(15),
    scanning_sequence=("GR", "IR"),
    is_3d=True,
)


def test_plain_sequences():
    assert acquired_sequence(SPIN_ECHO) == Sequence("spin_echo", 550.0, 10.0)
    assert acquired_sequence(SPOILED) == Sequence("gradient_echo", 25.0, 4.6, 0.5)
    inversion = replace(SPIN_ECHO, scanning_sequence=("SE", "IR"), repetition_time_ms=2000.0, inversion_time_ms=700.0)
    assert acquired_sequence(inversion) == Sequence("inversion_spin_echo", 2000.0, 10.0, math.pi / 2, 700.0)


def test_a_spin_echo_excites_by_a_right_angle_whatever_the_header_says():
    refocusing = replace(SPIN_ECHO, flip_angle_rad=math.radians(150), echo_train_length=3)
    assert acquired_sequence(refocusing) == Sequence("spin_echo", 550.0, 10.0, math.pi / 2, 0.0, 3, 10.0)


def test_a_train_ends_before_the_next_excitation():
    long = acquired_sequence(replace(SPIN_ECHO, echo_train_length=200, is_3d=True))
    assert long.pulse_spacing_ms == 4.0
    assert 0 < long.n_pulses * long.pulse_spacing_ms < 550


def test_the_train_after_an_inversion_fits_into_its_cycle():
    for tr, ti in ((1900.0, 1100.0), (2300.0, 900.0), (1500.0, 200.0), (1500.0, 1400.0)):
        sequence = acquired_sequence(replace(MPRAGE, repetition_time_ms=tr, inversion_time_ms=ti))
        before = sequence.n_pulses // 2
        assert before * sequence.pulse_spacing_ms <= ti
        assert (sequence.n_pulses - before) * sequence.pulse_spacing_ms <= tr - ti + sequence.pulse_spacing_ms


def test_the_cycle_of_ge_and_philips_is_in_a_tag_of_its_own():
    readout = replace(MPRAGE, repetition_time_ms=7.5, cycle_ms=1900.0)
    assert acquired_sequence(readout) == acquired_sequence(MPRAGE)


def test_the_train_is_taken_from_the_sidecar_where_it_is_there():
    told = acquired_sequence(replace(MPRAGE, n_excitations=100, excitation_spacing_ms=7.1))
    assert (told.n_pulses, told.pulse_spacing_ms) == (100, 7.1)


@pytest.mark.parametrize("n_excitations", [80, 240])
@pytest.mark.parametrize("spacing", [5.0, 9.0])
def test_how_the_train_is_timed_matters_little(n_excitations, spacing):
    """What sidecars leave out may move the enhancement at 10 % by a tenth of itself, not more."""
    shares = []
    for acquisition in (MPRAGE, replace(MPRAGE, n_excitations=n_excitations, excitation_spacing_ms=spacing)):
        curve = DoseCurve(acquired_sequence(acquisition), Relaxivity(4.6, 6.1), 1300.0, 80.0)
        none, low, full = curve.signal(np.array([0.0, 0.03, 0.3]))
        shares.append((low - none) / (full - none))
    assert shares[1] == pytest.approx(shares[0], rel=0.10)


@pytest.mark.parametrize(
    ("acquisition", "reason"),
    [
        (Acquisition(), "no ScanningSequence in the sidecar"),
        (replace(SPOILED, scanning_sequence=("RM",)), "no signal equation for ScanningSequence RM"),
        (replace(SPOILED, sequence_variant=("SS", "SK")), "ScanningSequence GR, SequenceVariant SS\\SK"),
        (replace(SPOILED, repetition_time_ms=None, echo_time_ms=None), "without RepetitionTime and EchoTime"),
        (replace(MPRAGE, inversion_time_ms=None), "inversion-prepared gradient echo without InversionTime"),
        (replace(MPRAGE, repetition_time_ms=7.5), "no RepetitionTimePreparation for the cycle"),
        (replace(SPIN_ECHO, repetition_time_ms=550_000.0), "its unit is seconds"),
    ],
)
def test_what_is_missing_is_named(acquisition, reason):
    assert reason in acquired_sequence(acquisition)
