# SPDX-License-Identifier: Apache-2.0
"""From what a sidecar says to the sequence whose equation it is, or the reason why there is none."""

from __future__ import annotations

import math

from lessgad.cohort.acquisition import Acquisition
from lessgad.cohort.sequence_class import SequenceClass, sequence_class
from lessgad.dose.signal_equation import Sequence

# Sidecars seldom say how a train of echoes or excitations is timed; docs/physics.md says how little it matters.
ECHO_SPACING_3D_MS = 4.0  # of 3D turbo spin echoes; 2D trains for T1 put the first echo into the center of k-space
EXCITATIONS_PER_INVERSION = 160
EXCITATION_SPACING_PER_TE = 2.3
LONGEST_TR_MS, LONGEST_TE_MS = 30_000.0, 1_000.0
LONGEST_TRAIN = 0.8  # of what TR or TI leaves for it


def acquired_sequence(acquisition: Acquisition) -> Sequence | str:
    """Find the sequence of a scan for its signal equation.

    Taken for granted: spin echoes excite by 90° (the flip angle in the header of a turbo spin echo is often that of its
    refocusing pulses); an inversion-prepared gradient echo reaches the center of k-space at TI, in the middle of its
    excitations.

    Args:
        acquisition: Acquisition parameters of the scan.

    Returns:
        The sequence, or one line that says what is missing.
    """
    kind = sequence_class(acquisition)
    if kind is None:
        return _no_class(acquisition)
    prepared = kind == "inversion-prepared gradient echo"
    tr = acquisition.cycle_ms if prepared and acquisition.cycle_ms else acquisition.repetition_time_ms
    te, ti, flip = acquisition.echo_time_ms, acquisition.inversion_time_ms, acquisition.flip_angle_rad
    wanted = {"RepetitionTime": tr, "EchoTime": te}
    wanted |= {"InversionTime": ti} if "inversion" in kind else {}
    wanted |= {"FlipAngle": flip} if "gradient" in kind else {}
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        return f"{kind} without {' and '.join(missing)} in the sidecar"
    return _of_kind(kind, acquisition, float(tr or 0), float(te or 0), float(ti or 0), float(flip or 0))


def _no_class(acquisition: Acquisition) -> str:
    codes, variant = ("\\".join(named) for named in (acquisition.scanning_sequence, acquisition.sequence_variant))
    if not codes:
        return "no ScanningSequence in the sidecar"
    return f"no signal equation for ScanningSequence {codes}" + (f", SequenceVariant {variant}" if variant else "")


def _of_kind(
    kind: SequenceClass, acquisition: Acquisition, tr: float, te: float, ti: float, flip: float
) -> Sequence | str:
    if tr > LONGEST_TR_MS or te > LONGEST_TE_MS:
        return "an implausibly long RepetitionTime or EchoTime in the sidecar (its unit is seconds)"
    if kind == "spin echo":
        return _spin_echo(acquisition, tr, te)
    if kind == "gradient echo":
        return Sequence("gradient_echo", tr, te, flip)
    if ti >= tr:
        return f"{kind} with an InversionTime above its RepetitionTime, and no RepetitionTimePreparation for the cycle"
    if kind == "inversion-recovery spin echo":
        return Sequence("inversion_spin_echo", tr, te, math.pi / 2, ti)
    return _inversion_gradient_echo(acquisition, tr, te, ti, flip)


def _spin_echo(acquisition: Acquisition, tr: float, te: float) -> Sequence:
    n = max(acquisition.echo_train_length or 1, 1)
    spacing = min(te, ECHO_SPACING_3D_MS) if acquisition.is_3d else te
    n = max(1, min(n, int(LONGEST_TRAIN * tr / spacing)))
    return Sequence("spin_echo", tr, te, math.pi / 2, 0.0, n, spacing if n > 1 else 0.0)


def _inversion_gradient_echo(acquisition: Acquisition, tr: float, te: float, ti: float, flip: float) -> Sequence:
    spacing = acquisition.excitation_spacing_ms or EXCITATION_SPACING_PER_TE * te
    n = acquisition.n_excitations or EXCITATIONS_PER_INVERSION
    room = 2 * LONGEST_TRAIN * min(ti, tr - ti)
    return Sequence("inversion_gradient_echo", tr, te, flip, ti, max(1, min(n, int(room / spacing))), spacing)
