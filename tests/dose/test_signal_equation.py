# SPDX-License-Identifier: Apache-2.0
"""Closed signal equations against magnetization followed pulse by pulse, and their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.dose.signal_equation import Sequence

T1_MS, T2_MS = np.array([250.0, 800.0, 1200.0, 4300.0]), np.array([40.0, 70.0, 80.0, 2000.0])
SEQUENCES = [
    Sequence("spin_echo", 550.0, 10.0),
    Sequence("spin_echo", 550.0, 10.0, np.deg2rad(70)),
    Sequence("spin_echo", 650.0, 12.0, np.pi / 2, 0.0, 3, 12.0),
    Sequence("spin_echo", 700.0, 12.0, np.deg2rad(80), 0.0, 24, 4.0),
    Sequence("gradient_echo", 25.0, 4.6, np.deg2rad(30)),
    Sequence("gradient_echo", 8.0, 3.0, np.deg2rad(12)),
    Sequence("inversion_gradient_echo", 1900.0, 3.0, np.deg2rad(15), 1100.0, 144, 6.9),
    Sequence("inversion_gradient_echo", 2200.0, 3.0, np.deg2rad(8), 900.0, 101, 7.5),
    Sequence("inversion_spin_echo", 2000.0, 12.0, np.pi / 2, 700.0),
]


class Magnetization:
    """Bloch's equations of one tissue without off-resonance: rotations and relaxation, transverse part spoiled."""

    def __init__(self, t1, t2):
        self.t1, self.t2, self.across, self.along = t1, t2, 0.0, 1.0

    def rotate(self, flip):
        """A pulse about the axis across which the transverse magnetization lies."""
        sine, cosine = np.sin(flip), np.cos(flip)
        self.across, self.along = self.across * cosine + self.along * sine, self.along * cosine - self.across * sine

    def refocus(self):
        """180° about the axis along which the transverse magnetization lies."""
        self.along = -self.along

    def wait(self, ms):
        self.across *= np.exp(-ms / self.t2)
        self.along = 1 + (self.along - 1) * np.exp(-ms / self.t1)

    def spoil(self):
        self.across = 0.0


def pulse_by_pulse(sequence, t1, t2, n_cycles):
    m, flip = Magnetization(t1, t2), sequence.flip_angle_rad
    tr, te, ti, n, spacing = (
        sequence.repetition_time_ms,
        sequence.echo_time_ms,
        sequence.inversion_time_ms,
        sequence.n_pulses,
        sequence.pulse_spacing_ms,
    )
    signal = np.nan
    for _ in range(n_cycles):
        if sequence.kind == "gradient_echo":
            m.rotate(flip)
            m.wait(te)
            signal = m.across
            m.spoil()
            m.wait(tr - te)
        elif sequence.kind == "inversion_gradient_echo":
            m.refocus()
            m.wait(ti - (n // 2) * spacing)
            for k in range(n):
                m.rotate(flip)
                m.wait(te)
                signal = m.across if k == n // 2 else signal
                m.spoil()
                m.wait(spacing - te)
            m.wait(tr - ti - (n - n // 2) * spacing)
        else:
            if sequence.kind == "inversion_spin_echo":
                m.refocus()
                m.wait(ti)
            m.rotate(flip)
            gap = spacing if n > 1 else te
            for k in range(n):
                m.wait(gap / 2)
                m.refocus()
                m.wait(gap / 2)
                signal = m.across if abs((k + 1) * gap - te) < 1e-9 else signal
            m.spoil()
            m.wait(tr - n * gap - (ti if sequence.kind == "inversion_spin_echo" else 0))
    return signal


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_closed_equation_is_the_steady_state(sequence):
    n_cycles = 4000 if sequence.kind == "gradient_echo" else 60
    expected = [pulse_by_pulse(sequence, t1, t2, n_cycles) for t1, t2 in zip(T1_MS, T2_MS, strict=True)]
    np.testing.assert_allclose(sequence.signal(T1_MS, T2_MS), expected, rtol=1e-6)


def test_spin_echo_is_the_textbooks():
    tr, te = 550.0, 10.0
    textbook = (1 - 2 * np.exp(-(tr - te / 2) / T1_MS) + np.exp(-tr / T1_MS)) * np.exp(-te / T2_MS)
    np.testing.assert_allclose(Sequence("spin_echo", tr, te).signal(T1_MS, T2_MS), textbook, rtol=1e-12)


def test_a_train_of_one_is_no_train():
    plain, train = Sequence("spin_echo", 550.0, 10.0), Sequence("spin_echo", 550.0, 10.0, np.pi / 2, 0.0, 1, 99.0)
    np.testing.assert_array_equal(plain.signal(T1_MS, T2_MS), train.signal(T1_MS, T2_MS))


@settings(deadline=None)
@given(st.floats(200, 4000), st.floats(20, 150), st.floats(0.7, 1.3))
def test_b1_scales_the_flip_angle(t1, t2, scale):
    t1_ms, t2_ms = np.array([t1]), np.array([t2])
    for sequence in (SEQUENCES[0], SEQUENCES[4], SEQUENCES[6]):
        scaled = Sequence(**{**vars(sequence), "flip_angle_rad": sequence.flip_angle_rad * scale})
        np.testing.assert_allclose(sequence.signal(t1_ms, t2_ms, scale), scaled.signal(t1_ms, t2_ms), rtol=1e-12)


@pytest.mark.parametrize("kind", ["spin_echo", "gradient_echo"])
def test_waiting_long_shows_all_magnetization(kind):
    signal = Sequence(kind, 1e6, 0.0).signal(T1_MS, T2_MS)
    np.testing.assert_allclose(signal, 1, rtol=1e-9)


def test_inversion_nulls_tissue_at_its_time():
    t1_ms = np.array([900.0])
    tr = 1e5
    null = Sequence("inversion_spin_echo", tr, 0.0, np.pi / 2, 900 * np.log(2)).signal(t1_ms, np.array([80.0]))
    early = Sequence("inversion_spin_echo", tr, 0.0, np.pi / 2, 300.0).signal(t1_ms, np.array([80.0]))
    assert abs(null[0]) < 1e-9
    assert early[0] < -0.3


def test_an_inversion_prepared_train_of_small_flips_is_plain_inversion_recovery():
    t1_ms, t2_ms = np.array([900.0]), np.array([1e9])
    weak = Sequence("inversion_gradient_echo", 9000.0, 0.0, 1e-6, 500.0, 3, 1.0).signal(t1_ms, t2_ms)
    expected = 1 - 2 * np.exp(-500 / 900) / (1 + np.exp(-9000 / 900))
    assert weak[0] / np.sin(1e-6) == pytest.approx(expected, rel=1e-6)
