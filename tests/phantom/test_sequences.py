# SPDX-License-Identifier: Apache-2.0
"""Signals of tissues before and after contrast."""

from dataclasses import replace

import numpy as np
import pytest

from lessgad.phantom.sequences import SEQUENCES, Sequence, with_contrast
from lessgad.phantom.tissues import FIELD_STRENGTHS_T, Tissue, relaxation

BRAIN = [Tissue.GREY, Tissue.WHITE]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_the_weighting_is_t1(sequence):
    signal = sequence.signal(relaxation(sequence.field_strength_t))
    order = [Tissue.AIR, Tissue.BONE, Tissue.CSF, Tissue.GREY, Tissue.WHITE, Tissue.FAT]
    assert (np.diff(signal[order]) > 0).all()


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_contrast_doubles_the_tumor_and_leaves_the_brain(sequence):
    tissue = relaxation(sequence.field_strength_t)
    ratio = sequence.signal(with_contrast(tissue, sequence.field_strength_t))[1:] / sequence.signal(tissue)[1:]
    assert 1.7 < ratio[Tissue.TUMOR - 1] < 2.6
    assert (ratio[[tissue - 1 for tissue in BRAIN]] < 1.10).all()
    assert (ratio > 0.99).all()


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
def test_no_dose_changes_nothing(field):
    tissue = relaxation(field)
    same = with_contrast(tissue, field, 0.0)
    np.testing.assert_allclose(same.t1_ms, tissue.t1_ms, rtol=1e-12)
    np.testing.assert_allclose(same.t2_ms, tissue.t2_ms, rtol=1e-12)


def bloch_spoiled_gradient_echo(t1, t2, water, tr, te, flip_degrees):
    """Longitudinal magnetisation pulse by pulse until it is steady."""
    flip, along = np.deg2rad(flip_degrees), water
    for _ in range(5000):
        across, along = along * np.sin(flip), along * np.cos(flip)
        along = water + (along - water) * np.exp(-tr / t1)
    return along * np.sin(flip) * np.exp(-te / t2) if across else 0.0


def bloch_spin_echo(t1, t2, water, tr, te):
    """90°, 180° at TE/2, echo at TE, and again, until it is steady."""
    along = water
    for _ in range(200):
        across, along = along, 0.0
        along = water + (along - water) * np.exp(-te / 2 / t1)
        along = -along
        along = water + (along - water) * np.exp(-(tr - te / 2) / t1)
    return across * np.exp(-te / t2)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_closed_equations_agree_with_pulse_by_pulse_ones(sequence):
    tissue = relaxation(sequence.field_strength_t)
    for row in (Tissue.WHITE, Tissue.CSF, Tissue.TUMOR):
        own = tissue.t1_ms[row], tissue.t2_ms[row], tissue.water[row]
        tr, te = sequence.repetition_time_ms, sequence.echo_time_ms
        if sequence.kind == "SE":
            expected = bloch_spin_echo(*own, tr, te)
        else:
            expected = bloch_spoiled_gradient_echo(*own, tr, te, sequence.flip_angle_degrees)
        assert sequence.signal(tissue)[row] == pytest.approx(expected, rel=1e-6)


def test_long_repetition_and_no_echo_time_show_the_water():
    tissue = relaxation(1.5)
    for kind in ("SE", "GR"):
        signal = Sequence(kind, 1.5, 1e6, 0.0, 90.0).signal(tissue)
        np.testing.assert_allclose(signal, tissue.water, atol=1e-9)


def test_every_tissue_has_a_row():
    tissue = relaxation(3.0)
    assert len(tissue.t1_ms) == len(Tissue)
    assert (tissue.t2_ms <= tissue.t1_ms).all()
    assert (replace(tissue).water[1:] > 0).all()
