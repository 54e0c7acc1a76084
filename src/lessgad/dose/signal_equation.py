# SPDX-License-Identifier: Apache-2.0
"""The signal of a tissue in the T1-weighted sequences that contrast is scanned with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

SequenceKind = Literal["spin_echo", "gradient_echo", "inversion_gradient_echo", "inversion_spin_echo"]
Values = Float[np.ndarray, "*tissue"]


@dataclass(frozen=True)
class Sequence:
    """Parameters of the acquisition that determine the contrast of a scan.

    Attributes:
        kind: Kind of equation.
        repetition_time_ms: TR; of an inversion-prepared gradient echo the whole cycle, from inversion to inversion.
        echo_time_ms: TE; of a turbo spin echo the effective one.
        flip_angle_rad: Flip angle of the excitation, in radians.
        inversion_time_ms: TI, to the center of k-space; for the kinds with an inversion.
        n_pulses: Echoes of a train of spin echoes, or excitations after one inversion; 1 for plain sequences.
        pulse_spacing_ms: Time between two of them.
    """

    kind: SequenceKind
    repetition_time_ms: float
    echo_time_ms: float
    flip_angle_rad: float = np.pi / 2
    inversion_time_ms: float = 0.0
    n_pulses: int = 1
    pulse_spacing_ms: float = 0.0

    def signal(self, t1_ms: Values, t2_ms: Values, flip_angle_scale: float | Values = 1.0) -> Values:
        """Compute the signal per unit of equilibrium magnetization.

        Args:
            t1_ms: T1.
            t2_ms: T2 for spin echoes, T2* for gradient echoes, same shape.
            flip_angle_scale: Flip angle that arrives over the one that is set (B1+); refocusing and inversion pulses
                are taken as perfect.

        Returns:
            The signal, negative before the zero crossing of an inversion; between −1 and 1.
        """
        flip = self.flip_angle_rad * flip_angle_scale
        equations = {
            "spin_echo": _spin_echo,
            "gradient_echo": _gradient_echo,
            "inversion_gradient_echo": _inversion_gradient_echo,
            "inversion_spin_echo": _inversion_spin_echo,
        }
        longitudinal = equations[self.kind](self, t1_ms, flip)
        return longitudinal * np.sin(flip) * np.exp(-self.echo_time_ms / t2_ms)


def _spin_echo(sequence: Sequence, t1_ms: Values, flip: float | Values) -> Values:
    """Compute the magnetization before the excitation α of a (turbo) spin echo, refocused n times by 180°.

        n = 1:  M = (1 − 2·e^(−(TR − TE/2)/T1) + e^(−TR/T1)) / (1 + cos α · e^(−TR/T1))

    A train of n pulses at spacing s begins s/2 after the excitation; each inverts what has recovered.

        M = (1 + Σₖ 2·(−1)^(n−k+1)·e^(−(TR − tₖ)/T1) − (−1)^n·e^(−TR/T1)) / (1 − (−1)^n·cos α·e^(−TR/T1))

    Source: Bernstein, King, Zhou, Handbook of MRI Pulse Sequences, 2004, section 14.3; the sum by the same steps.

    Args:
        sequence: The sequence.
        t1_ms: T1, in ms.
        flip: Flip angle, in radians.

    Returns:
        Longitudinal magnetization, in units of equilibrium.
    """
    tr, n = sequence.repetition_time_ms, sequence.n_pulses
    first = (sequence.pulse_spacing_ms if n > 1 else sequence.echo_time_ms) / 2
    sign = -1.0 if n % 2 else 1.0
    recovered = 1 - sign * np.exp(-tr / t1_ms)
    for k in range(n):
        since = tr - first - k * sequence.pulse_spacing_ms
        recovered = recovered + 2 * (-1.0) ** (n - k) * np.exp(-since / t1_ms)
    return recovered / (1 - sign * np.cos(flip) * np.exp(-tr / t1_ms))


def _gradient_echo(sequence: Sequence, t1_ms: Values, flip: float | Values) -> Values:
    """Compute the magnetization before each excitation α of a spoiled gradient echo.

        M = (1 − E1) / (1 − cos α · E1),  E1 = e^(−TR/T1)

    Source: Haase et al., J Magn Reson 1986; Bernstein 2004, equation 14.8.

    Args:
        sequence: The sequence.
        t1_ms: T1, in ms.
        flip: Flip angle, in radians.

    Returns:
        Longitudinal magnetization, in units of equilibrium.
    """
    relaxed = np.exp(-sequence.repetition_time_ms / t1_ms)
    return (1 - relaxed) / (1 - np.cos(flip) * relaxed)


def _inversion_gradient_echo(sequence: Sequence, t1_ms: Values, flip: float | Values) -> Values:
    """Compute the magnetization before the excitation at the center of k-space, in the steady state over cycles.

    180°, recovery, n excitations α at spacing s, the middle one at TI, recovery until TR. With e = cos α · e^(−s/T1)
    and M∞ = (1 − e^(−s/T1)) / (1 − e), k excitations take M to M∞ + (M − M∞)·eᵏ; the rest is free recovery.

    Source: Deichmann et al., NeuroImage 2000 (MP-RAGE).

    Args:
        sequence: The sequence.
        t1_ms: T1, in ms.
        flip: Flip angle, in radians.

    Returns:
        Longitudinal magnetization, in units of equilibrium.
    """
    tr, ti, n, spacing = (
        sequence.repetition_time_ms,
        sequence.inversion_time_ms,
        sequence.n_pulses,
        sequence.pulse_spacing_ms,
    )
    before = n // 2  # excitations before the one at TI
    train = np.cos(flip) * np.exp(-spacing / t1_ms)
    limit = (1 - np.exp(-spacing / t1_ms)) / (1 - train)
    wait = np.exp(-(ti - before * spacing) / t1_ms)
    rest = np.exp(-(tr - ti - (n - before) * spacing) / t1_ms)
    # M after the cycle is offset + slope · M before it; the steady state is where both are equal.
    slope = -wait * train**n * rest
    offset = 1 - rest + rest * (limit + (1 - wait - limit) * train**n)
    at_inversion = offset / (1 - slope)
    first_excitation = 1 - (1 + at_inversion) * wait
    return limit + (first_excitation - limit) * train**before


def _inversion_spin_echo(sequence: Sequence, t1_ms: Values, flip: float | Values) -> Values:
    """Compute the magnetization before the 90° excitation of an inversion-recovery spin echo.

        M = 1 − 2·e^(−TI/T1) + 2·e^(−(TR − TE/2)/T1) − e^(−TR/T1)

    Source: Bernstein 2004, section 14.2.

    Args:
        sequence: The sequence.
        t1_ms: T1, in ms.
        flip: Flip angle, in radians.

    Returns:
        Longitudinal magnetization, in units of equilibrium.
    """
    del flip
    tr, te, ti = sequence.repetition_time_ms, sequence.echo_time_ms, sequence.inversion_time_ms
    return 1 - 2 * np.exp(-ti / t1_ms) + 2 * np.exp(-(tr - te / 2) / t1_ms) - np.exp(-tr / t1_ms)
