# SPDX-License-Identifier: Apache-2.0
"""The signal of a subject whose head is one block of each tissue, against the equations by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.dose.relaxivity import AGENTS, relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.phantom.anatomy import Head
from lessgad.phantom.growth import Growth
from lessgad.phantom.shapes import SHAPE
from lessgad.phantom.subject import (
    B1_DOME,
    B1_LEVELS,
    INHOMOGENEITY_T2_MS,
    RELAXIVITY_SPREAD,
    Subject,
    draw_subject,
)
from lessgad.phantom.tissues import FIELD_STRENGTHS_T, Tissue, relaxation

WIDTH = 8  # of a block; partial volume reaches two voxels into it
SPIN_ECHO = Sequence("spin_echo", 550.0, 10.0)
GRADIENT_ECHO = Sequence("gradient_echo", 25.0, 4.6, math.radians(29))
INVERSION = Sequence("inversion_gradient_echo", 1900.0, 3.0, math.radians(15), 1100.0, 144, 6.9)
KINDS = [SPIN_ECHO, GRADIENT_ECHO, INVERSION]


def blocks(*, sequence=GRADIENT_ECHO, b1=1.0, gray=0.0, white=0.0, uptake_factor=1.0, field=1.5):
    """A row of blocks along x, one for each tissue."""
    shape = (WIDTH * len(Tissue), WIDTH, WIDTH)
    labels = np.broadcast_to(np.repeat(np.arange(len(Tissue)), WIDTH)[:, None, None], shape).copy()
    fluid = (labels == Tissue.CSF).astype(np.float32)
    box = (slice(WIDTH * Tissue.TUMOR, WIDTH * (Tissue.TUMOR + 1)), slice(0, WIDTH), slice(0, WIDTH))
    solid = np.ones((WIDTH,) * 3, dtype=bool)
    rng = np.random.default_rng(0)
    n, known = len(Tissue), relaxivity("gadobutrol", field)
    return Subject(
        head=Head(labels, gray * fluid, white * fluid),
        growth=Growth(box, ~solid, solid, ~solid, np.full(solid.shape, uptake_factor)),
        tissue=relaxation(field),
        r1_per_s_mm=known.r1_per_s_mm * rng.uniform(0.8, 1.2, n),
        r2_per_s_mm=known.r2_per_s_mm * rng.uniform(0.8, 1.2, n),
        sequence=sequence,
        inhomogeneity_t2_ms=INHOMOGENEITY_T2_MS[field] if "gradient" in sequence.kind else math.inf,
        b1=np.full(shape, b1, dtype=np.float32),
        texture=np.ones(shape, dtype=np.float32),
    )


def in_blocks(subject, dose):
    """Signal in the middle of each block."""
    return subject.signal(dose)[WIDTH // 2 :: WIDTH, WIDTH // 2, WIDTH // 2]


def by_hand(subject, dose, sequence=None):
    tissue = subject.tissue
    concentration = dose * tissue.uptake_mm
    t1_ms = 1 / (1 / tissue.t1_ms + subject.r1_per_s_mm / 1000 * concentration)
    t2_ms = 1 / (1 / tissue.t2_ms + subject.r2_per_s_mm / 1000 * concentration + 1 / subject.inhomogeneity_t2_ms)
    return tissue.water * (sequence or subject.sequence).signal(t1_ms, t2_ms)


@pytest.mark.parametrize("sequence", KINDS)
@pytest.mark.parametrize("dose", [0.0, 0.1, 1.0])
def test_each_tissue_has_the_signal_of_its_equation(sequence, dose):
    subject = blocks(sequence=sequence)
    np.testing.assert_allclose(in_blocks(subject, dose), by_hand(subject, dose), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("b1", [0.6, 0.7, 0.85, 1.2, 1.38])
def test_b1_is_the_flip_angle_that_arrives(b1):
    weaker = replace(GRADIENT_ECHO, flip_angle_rad=b1 * GRADIENT_ECHO.flip_angle_rad)
    subject = blocks(b1=b1)
    np.testing.assert_allclose(in_blocks(subject, 0.3), by_hand(subject, 0.3, weaker), rtol=0.01)
    assert not np.allclose(in_blocks(subject, 0.3), in_blocks(blocks(), 0.3), rtol=0.02)


@pytest.mark.parametrize("sequence", KINDS)
def test_dose_0_is_the_scan_before_contrast_whatever_the_agent_would_do(sequence):
    subject = blocks(sequence=sequence)
    tissue = replace(subject.tissue, uptake_mm=3 * subject.tissue.uptake_mm)
    other = replace(subject, tissue=tissue, r1_per_s_mm=2 * subject.r1_per_s_mm, r2_per_s_mm=2 * subject.r2_per_s_mm)
    np.testing.assert_array_equal(other.signal(0.0), subject.signal(0.0))
    assert not np.allclose(other.signal(0.3), subject.signal(0.3))


@settings(deadline=None, max_examples=15)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(KINDS))
def test_only_what_takes_up_the_agent_changes_and_it_brightens(lower, higher, sequence):
    lower, higher = sorted((lower, higher))
    before, after = (in_blocks(blocks(sequence=sequence), dose) for dose in (lower, higher))
    uptake = relaxation(1.5).uptake_mm
    np.testing.assert_array_equal(after[uptake == 0], before[uptake == 0])
    bright = [Tissue.TUMOR, Tissue.PITUITARY, Tissue.MUCOSA, Tissue.MUSCLE]
    assert (after[bright] >= before[bright]).all()
    brain = [Tissue.GRAY, Tissue.WHITE]
    assert (np.abs(after[brain] / before[brain] - 1) < 0.06).all()


@pytest.mark.parametrize(("dose", "factor"), [(0.5, 1.4), (1.0, 0.3)])
def test_texture_of_the_tumor_is_uptake(dose, factor):
    one, other = in_blocks(blocks(uptake_factor=factor), dose), in_blocks(blocks(), factor * dose)
    assert one[Tissue.TUMOR] == pytest.approx(other[Tissue.TUMOR], rel=1e-5)
    assert one[Tissue.VEIN] != pytest.approx(other[Tissue.VEIN], rel=1e-2)


def test_brain_and_fluid_share_a_voxel():
    mixed = in_blocks(blocks(gray=0.3, white=0.5), 1.0)
    pure = by_hand(blocks(), 1.0)
    expected = 0.3 * pure[Tissue.GRAY] + 0.5 * pure[Tissue.WHITE] + 0.2 * pure[Tissue.CSF]
    assert mixed[Tissue.CSF] == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def drawn():
    """A subject for each field strength, in a head of CSF, which the draw does not look into."""
    empty = np.zeros(SHAPE, dtype=np.float32)
    head = Head(np.full(SHAPE, int(Tissue.CSF), dtype=np.int8), empty, empty)

    def draw(field, sequence=GRADIENT_ECHO, seed=0):
        rng = np.random.default_rng(seed)
        return draw_subject(head, blocks().growth, relaxation(field), sequence, AGENTS[1], field, rng)

    return draw


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
def test_radio_waves_gather_in_the_middle_of_the_head_more_so_at_high_field(drawn, field):
    b1 = drawn(field).b1
    assert B1_LEVELS[0] <= b1.min() < b1.max() <= B1_LEVELS[-1]
    middle, edge = b1[88:108, 110:130, 54:74].mean(), b1[20:25, 110:130, 54:74].mean()
    assert middle - edge == pytest.approx(B1_DOME[field], abs=0.05)


def test_a_patient_is_the_same_at_each_session_and_another_is_another(drawn):
    one, same, other = drawn(1.5), drawn(1.5), drawn(1.5, seed=1)
    for name in ("r1_per_s_mm", "r2_per_s_mm", "b1", "texture"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
        assert not np.allclose(getattr(one, name), getattr(other, name))


def test_relaxivity_differs_between_tissues_by_its_spread(drawn):
    known = relaxivity(AGENTS[1], 1.5)
    subjects = [drawn(1.5), drawn(1.5, seed=1)]
    factors = [np.log([s.r1_per_s_mm / known.r1_per_s_mm, s.r2_per_s_mm / known.r2_per_s_mm]) for s in subjects]
    n = np.size(factors)
    assert np.std(factors) == pytest.approx(RELAXIVITY_SPREAD, rel=3.3 / math.sqrt(2 * n))
    assert np.mean(factors) == pytest.approx(0, abs=3.3 * RELAXIVITY_SPREAD / math.sqrt(n))


def test_only_gradient_echoes_feel_inhomogeneity(drawn):
    assert drawn(1.5, SPIN_ECHO).inhomogeneity_t2_ms == math.inf
    assert drawn(1.5, INVERSION).inhomogeneity_t2_ms == INHOMOGENEITY_T2_MS[1.5]
