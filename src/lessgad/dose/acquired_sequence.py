# SPDX-License-Identifier: Apache-2.0
"""From what a sidecar says to the sequence whose equation it is, or the reason why there is none."""

from __future__ import annotations

import math

from lessgad.cohort.acquisition import Acquisition
from lessgad.cohort.sequence_class import sequence_class
from lessgad.dose.signal_equation import Sequence

# Sidecars seldom say how a train of echoes or excitations is timed; docs/physics.md says how little it matters.
ECHO_SPACING_3D_MS = 4.0  # of 3D turbo spin echoes; 2D trains for T1 put the first echo into the centre of k-space
EXCITATIONS_PER_INVERSION = 160
EXCITATION_SPACING_PER_TE = 2.3
LONGEST_TRAIN = 0.8  # of what TR or TI leaves for it


def acquired_sequence(acquisition: Acquisition) -> Sequence | str:
    """Find the sequence of a scan for its signal equation; else one line that says what is missing.

    Taken for granted: spin echoes excite by 90° (the flip angle in the header of a turbo spin echo is often that of its
    refocusing pulses); an inversion-prepared gradient echo reaches the centre of k-space at TI, in the middle of its
    excitations.
    """
    kind = sequence_class(acquisition)
    tr, te, ti = acquisition.repetition_time_ms, acquisition.echo_time_ms, acquisition.inversion_time_ms
    flip = acquisition.flip_angle_rad
    if kind is None:
        codes = "\\".join(acquisition.scanning_sequence)
        return f"no signal equation for ScanningSequence {codes}" if codes else "no ScanningSequence in the sidecar"
    missing = [name for name, value in (("RepetitionTime", tr), ("EchoTime", te)) if not value]
    if "inversion" in kind and not ti:
        missing.append("InversionTime")
    if "gradient" in kind and not flip:
        missing.append("FlipAngle")
    if missing:
        return f"{kind} without {' and '.join(missing)} in the sidecar"
    assert tr and te  # noqa: S101 - for mypy; checked above
    if kind == "spin echo":
        return _spin_echo(acquisition, tr, te)
    if kind == "gradient echo":
        return Sequence("gradient_echo", tr, te, float(flip or 0))
    if not 0 < (ti or 0) < tr:
        return f"{kind} whose RepetitionTime ({tr:g} ms) is not that of the cycle around its InversionTime ({ti:g} ms)"
    if kind == "inversion-recovery spin echo":
        return Sequence("inversion_spin_echo", tr, te, math.pi / 2, float(ti or 0))
    return _inversion_gradient_echo(acquisition, tr, te, float(ti or 0), float(flip or 0))


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
