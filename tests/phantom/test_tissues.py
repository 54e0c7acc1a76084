# SPDX-License-Identifier: Apache-2.0
"""Relaxation times, water and uptake of the tissues."""

from itertools import pairwise

import numpy as np
import pytest

from lessgad.phantom.tissues import FIELD_STRENGTHS_T, Tissue, relaxation

FLUIDS = [Tissue.CSF, Tissue.VITREOUS, Tissue.CYST, Tissue.LABYRINTH]
SOLID = [tissue for tissue in Tissue if tissue not in (Tissue.AIR, *FLUIDS)]
BARRIER = [Tissue.CSF, Tissue.GRAY, Tissue.WHITE, Tissue.VITREOUS, Tissue.LENS, Tissue.LABYRINTH]
PROTON_HZ_PER_T = 42.577e6
GADOBUTROL_R1 = 4.6  # s⁻¹ per mmol/l, whole blood (Shen, Invest Radiol 2015)
REPETITION_TIME_MS = {1.0: 550, 1.5: 550, 3.0: 750}  # of spin echoes in clinical scans of the cerebellopontine angle


def t1_weighted(field, dose=0.0):
    """Signal of each tissue in a spin echo at 10 ms, after a share of the standard dose."""
    tissue = relaxation(field)
    rate = 1 / tissue.t1_ms + GADOBUTROL_R1 * 1e-3 * dose * tissue.uptake_mm
    return tissue.water * (1 - np.exp(-REPETITION_TIME_MS[field] * rate)) * np.exp(-10 / tissue.t2_ms)


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
def test_every_tissue_has_a_row_that_can_be(field):
    tissue = relaxation(field)
    for values in vars(tissue).values():
        assert values.shape == (len(Tissue),)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert (tissue.t2_ms > 0).all()
    assert (tissue.t2_ms <= tissue.t1_ms).all()
    assert (tissue.water <= 1).all()
    assert tissue.water[Tissue.AIR] == 0
    assert (tissue.water[Tissue.AIR + 1 :] > 0).all()


@pytest.mark.parametrize("field", [0.0, 0.5, 2.0, 7.0])
def test_other_fields_are_refused(field):
    with pytest.raises(KeyError):
        relaxation(field)


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(FIELD_STRENGTHS_T)))
def test_t1_rises_with_the_field_but_in_fluids(lower, higher):
    ratio = relaxation(higher).t1_ms / relaxation(lower).t1_ms
    exponent = np.log(ratio) / np.log(higher / lower)
    assert ((exponent[SOLID] > 0.1) & (exponent[SOLID] < 0.5)).all()
    np.testing.assert_allclose(ratio[FLUIDS], 1, atol=0.02)


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(FIELD_STRENGTHS_T)))
def test_t2_does_not_rise_with_the_field(lower, higher):
    assert (relaxation(higher).t2_ms <= 1.05 * relaxation(lower).t2_ms).all()


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
@pytest.mark.parametrize(
    ("row", "factor_ms", "power"),
    [(Tissue.GRAY, 1.16, 0.376), (Tissue.WHITE, 0.71, 0.382), (Tissue.VEIN, 3.35, 0.340)],
)
def test_rooneys_law(field, row, factor_ms, power):
    expected = factor_ms * (PROTON_HZ_PER_T * field) ** power
    assert relaxation(field).t1_ms[row] == pytest.approx(expected, rel=0.10)


@pytest.mark.parametrize(
    ("row", "t1_ms", "sd"),
    [(Tissue.CSF, 4309, 147), (Tissue.FAT, 382, 13), (Tissue.VEIN, 1852, 104), (Tissue.MUSCLE, 1307, 218)],
)
def test_t1_agrees_with_what_was_measured_at_3_t(row, t1_ms, sd):
    assert abs(relaxation(3.0).t1_ms[row] - t1_ms) < sd


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
def test_order_in_t1_weighted_scans(field):
    signal = t1_weighted(field)
    order = [Tissue.AIR, Tissue.BONE, Tissue.CSF, Tissue.CYST, Tissue.GRAY, Tissue.WHITE, Tissue.MARROW, Tissue.FAT]
    assert (np.diff(signal[order]) > 0).all()
    assert 0.7 < signal[Tissue.TUMOR] / signal[Tissue.WHITE] < 1.0
    assert signal[Tissue.ARTERY] < 0.5 * signal[Tissue.WHITE]


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
def test_what_lies_behind_a_barrier_hardly_enhances(field):
    tissue = relaxation(field)
    assert (tissue.uptake_mm[BARRIER] < 0.03 * tissue.uptake_mm[Tissue.VEIN]).all()
    ratio = t1_weighted(field, 1.0)[BARRIER] / t1_weighted(field)[BARRIER]
    assert (ratio < 1.06).all()
    assert tissue.uptake_mm[Tissue.WHITE] < tissue.uptake_mm[Tissue.GRAY]


@pytest.mark.parametrize("field", FIELD_STRENGTHS_T)
def test_what_enhances_does_so_as_in_patients(field):
    after = t1_weighted(field, 1.0)
    assert 1.2 < after[Tissue.TUMOR] / after[Tissue.WHITE] < 2.1  # pons: 1.47 ± 0.27 to 1.78 ± 0.17
    assert 1.3 < after[Tissue.TUMOR] / after[Tissue.MUSCLE] < 2.1  # 1.50 ± 0.24 to 1.90 ± 0.12
    bright = [Tissue.VEIN, Tissue.PITUITARY, Tissue.MUCOSA]
    assert (after[bright] > 1.3 * after[Tissue.WHITE]).all()
    ratio = after[1:] / t1_weighted(field)[1:]
    assert 1.05 < ratio[Tissue.MUSCLE - 1] < 1.3
    assert (ratio >= 1).all()


def test_spreads_are_those_of_people():
    tissue = relaxation(1.5)
    assert (tissue.t1_spread[SOLID + FLUIDS] >= 0.02).all()
    assert (tissue.t1_spread <= 0.25).all()
    assert (tissue.uptake_spread <= 0.5).all()
    np.testing.assert_array_equal(tissue.uptake_spread > 0, tissue.uptake_mm > 0)


def test_only_relaxation_depends_on_the_field():
    one, three = relaxation(1.0), relaxation(3.0)
    for name in ("water", "uptake_mm", "t1_spread", "uptake_spread"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))
